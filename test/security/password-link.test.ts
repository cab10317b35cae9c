import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { issuePasswordTicket } from '../../src/users/index.ts'
import type { Answer } from '../support/http-client.ts'
import { addClient, addPerson } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { authorizeUrl, pkce, refresh, stepOf, tokensFor, walk } from '../support/sign-in.ts'
import { createUserAgent, formOf } from '../support/user-agent.ts'
import type { UserAgent } from '../support/user-agent.ts'

let server: TestServer
const fresh = 'seven quiet otters knitting'

beforeAll(async () => {
  server = await startTestServer({ instances: 2 })
})
afterAll(() => server.stop())

async function linkFor({ id }: Pick<Person, 'id'>, purpose: 'invite' | 'reset' = 'reset'): Promise<string> {
  const issued = await server.database.transaction((tx) => issuePasswordTicket(tx, { userId: id, purpose }))
  if (!issued) throw new Error('no ticket')
  return `/account/password?ticket=${issued.ticket}`
}

async function setPassword(link: string, password: string, agent = createUserAgent(server)): Promise<Answer> {
  const { action, fields } = formOf(await agent.get(link), /\/account\/password$/)
  return agent.post(action, { ...fields, password })
}

const hashOf = async ({ id }: Pick<Person, 'id'>) =>
  (await server.database.prisma.user.findUniqueOrThrow({ where: { id } })).passwordHash

describe('a password link (RE-02)', () => {
  test('sets the password once, ends every session and signs nobody in; the second factor stays', async () => {
    const person = await addPerson(server)
    const client = await addClient(server, { firstParty: true })
    const tokens = await tokensFor(server, client, person, {
      scope: 'openid offline_access',
      prompt: 'consent',
    })
    const link = await linkFor(person)
    const agent = createUserAgent(server)
    const done = await setPassword(link, fresh, agent)
    expect(done.status).toBe(303)
    expect((await agent.get(done.location ?? '')).text).toContain('Your password is set')
    expect(agent.cookies.every(({ name }) => /^cardea_form(\.sig)?$/.test(name))).toBe(true)
    expect((await refresh(server, client, tokens.refresh_token)).status).toBe(400)
    const silent = await tokens.agent.get(authorizeUrl(client, pkce().challenge, { prompt: 'none' }))
    expect(silent.location).toContain('error=login_required')
    const again = await walk(
      server,
      createUserAgent(server),
      authorizeUrl(client, pkce().challenge),
      { ...person, password: fresh },
      { stopAt: /^totp$/ },
    )
    expect(stepOf(again)).toBe('totp')
    expect((await agent.get(link)).status).toBe(410)
    const types = await server.database.prisma.auditEvent.findMany({
      where: { userId: person.id },
      orderBy: { id: 'asc' },
    })
    expect(types.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['user.password_reset_started', 'user.password_changed', 'session.ended']),
    )
  })

  test('is not used up by looking at it, as mail scanners do', async () => {
    const person = await addPerson(server)
    const before = await hashOf(person)
    const link = await linkFor(person, 'invite')
    for (let nth = 0; nth < 3; nth += 1) {
      const page = await server.ask(link, { headers: { accept: 'text/html' } })
      expect(page.status).toBe(200)
      expect(page.headers['referrer-policy']).toBe('no-referrer')
    }
    expect((await server.ask(link, { method: 'HEAD' })).status).toBe(200)
    expect(await hashOf(person)).toBe(before)
    expect((await setPassword(link, fresh)).status).toBe(303)
  })

  test('of twenty who send it at once to two instances, works for one (FT-14)', async () => {
    const person = await addPerson(server)
    const link = await linkFor(person)
    const agents = Array.from({ length: 20 }, () => createUserAgent(server))
    const forms = await Promise.all(agents.map(async (agent) => formOf(await agent.get(link), /password$/)))
    const answers = await Promise.all(
      agents.map((agent, nth) =>
        agent.post(forms[nth]?.action ?? '', { ...forms[nth]?.fields, password: `${fresh} ${nth}` }),
      ),
    )
    expect(answers.filter(({ status }) => status === 303)).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 410)).toHaveLength(19)
  })

  test('sent twice by one press on one page leads to the same place twice; another password, or another browser, does not', async () => {
    const person = await addPerson(server)
    const link = await linkFor(person)
    const agent = createUserAgent(server)
    const other = createUserAgent(server)
    const { action, fields } = formOf(await agent.get(link), /password$/)
    await other.get(link)
    const send = (by: UserAgent, password: string) => by.clone().post(action, { ...fields, password })
    const both = await Promise.all([send(agent, fresh), send(agent, fresh)])
    const later = await send(agent, fresh)
    for (const answer of [...both, later])
      expect(answer).toMatchObject({ status: 303, location: '/account/password-set' })
    const changes = { userId: person.id, type: 'user.password_changed' }
    expect(await server.database.prisma.auditEvent.count({ where: changes })).toBe(1)
    expect((await send(agent, `${fresh} too`)).status).toBe(410)
    expect((await send(other, fresh)).status).toBe(410)
    expect((await send(createUserAgent(server), fresh)).status).toBe(410)
    await server.database.prisma
      .$executeRaw`UPDATE mail_tickets SET expires_at = now() WHERE purpose = 'answered'`
    expect((await send(agent, fresh)).status).toBe(410)
  })

  test('is ended by a newer one, by its time, and by the user being disabled', async () => {
    const person = await addPerson(server)
    const older = await linkFor(person)
    const newer = await linkFor(person)
    expect((await server.ask(older)).status).toBe(410)
    expect((await server.ask(newer)).status).toBe(200)
    const where = { where: { id: person.id } }
    await server.database.prisma.user.update({ ...where, data: { disabledAt: new Date() } })
    expect((await server.ask(newer)).status).toBe(410)
    await server.database.prisma.user.update({ ...where, data: { disabledAt: null } })
    await server.database.prisma.$executeRaw`UPDATE password_tickets SET expires_at = now()`
    expect((await server.ask(newer)).status).toBe(410)
  })

  test('that nobody has tells nothing: the same page whatever it says', async () => {
    const pages = new Set<string>()
    for (const ticket of ['x'.repeat(43), 'short', '', '%20', '__proto__'])
      pages.add((await server.ask(`/account/password?ticket=${ticket}`)).text)
    pages.add((await server.ask('/account/password')).text)
    expect(pages.size).toBe(1)
  })

  test('takes no password that the rules refuse, and stays good', async () => {
    const person = await addPerson(server)
    const link = await linkFor(person)
    for (const password of ['short', 'password1', person.email, 'x'.repeat(1025)]) {
      const answer = await setPassword(link, password)
      expect(answer.status).toBe(422)
      expect(answer.text).toContain('aria-invalid="true"')
      expect(answer.text).not.toMatch(/<input[^>]*name="password"[^>]*value=/)
    }
    expect((await setPassword(link, fresh)).status).toBe(303)
  })

  test('is kept as a digest, and is in no log', async () => {
    const person = await addPerson(server)
    const link = await linkFor(person)
    const ticket = link.split('=')[1] ?? ''
    await setPassword(link, fresh)
    const link2 = await linkFor(person)
    const rows = await server.database.prisma.passwordTicket.findMany()
    expect(JSON.stringify([rows, server.log])).not.toContain(ticket)
    expect(JSON.stringify([rows, server.log])).not.toContain(link2.split('=')[1])
  })
})

describe('the form of a password link', () => {
  async function post(change: (fields: Record<string, string>) => Record<string, string>, headers = {}) {
    const person = await addPerson(server)
    const agent: UserAgent = createUserAgent(server)
    const { action, fields } = formOf(await agent.get(await linkFor(person)), /password$/)
    const before = await hashOf(person)
    const answer = await agent.post(action, change({ ...fields, password: fresh }), { headers })
    return { answer, changed: (await hashOf(person)) !== before }
  }

  test('is not taken from another site, nor without its token (SE-06)', async () => {
    const evil = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
    expect(await post((fields) => fields, evil)).toMatchObject({ answer: { status: 403 }, changed: false })
    const { answer, changed } = await post(({ csrf: _csrf, ...fields }) => fields)
    expect({ status: answer.status, changed }).toEqual({ status: 403, changed: false })
  })

  test("does not work with another link's token", async () => {
    const other = formOf(await server.ask(await linkFor(await addPerson(server))), /password$/)
    const { answer, changed } = await post((fields) => ({ ...fields, csrf: other.fields['csrf'] ?? '' }))
    expect({ status: answer.status, changed }).toEqual({ status: 403, changed: false })
  })
})
