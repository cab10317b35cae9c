import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Context } from 'koa'
import { mayChoose } from '../../src/account/by-mail/domains.ts'
import { askForNewAddress } from '../../src/account/by-mail/new-address.ts'
import { revoke } from '../../src/oidc/index.ts'
import { findUser, setDisabled, setPasswordHash, tellUser, updateUser } from '../../src/users/index.ts'
import { atAccount, send } from '../support/account.ts'
import { mailsOf, newestMail } from '../support/mail.ts'
import { addPerson } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { createUserAgent, formOf } from '../support/user-agent.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer({ instances: 2 })
})
afterAll(() => server.stop())

const newAddress = () => `${randomUUID()}@example.com`
const emailOf = async ({ id }: Person) => (await findUser(server.database.prisma, id))?.email

/** What the account page does for a user who has proven who they are. Returns the id that would be in the browser's cookie. */
async function ask({ id }: Person, email: string, at = server) {
  const user = await findUser(at.database.prisma, id)
  if (!user) throw new Error('no user')
  const jar: string[] = []
  const ctx = {
    state: { ip: `198.51.100.${Math.floor(Math.random() * 250)}`, language: 'en' },
    cookies: { get: () => undefined, set: (_name: string, value: string) => jar.push(value) },
    set: () => undefined,
  } as unknown as Context
  const { database, sealer } = at
  const registration = { policy: 'open' as const, domains: [] }
  const deps = { database, sealer, registration, keys: [Buffer.alloc(32, 1)] }
  const answer = await askForNewAddress(deps, ctx, { user, email })
  return { answer, jar }
}

async function confirm(ticket: string, agent = createUserAgent(server)) {
  const form = formOf(await agent.get(`/account/email/confirm?ticket=${ticket}`), /confirm$/)
  return agent.post(form.action, form.fields)
}

describe('another address for an account', () => {
  test('holds from its confirmation on and not before; the old one is told, and waiting links to it end', async () => {
    const person = await addPerson(server)
    const email = newAddress()
    expect((await ask(person, ` ${email.toUpperCase()}`)).answer).toEqual({
      ok: true,
      next: '/account/email/check',
    })
    expect(await emailOf(person)).toBe(person.email)
    expect(await mailsOf(server, person.email)).toEqual([])
    const { ticket } = await newestMail(server, email, 'change-email')
    for (const method of ['GET', 'HEAD'])
      expect((await server.ask(`/account/email/confirm?ticket=${ticket}`, { method })).status).toBe(200)
    expect(await emailOf(person)).toBe(person.email)
    expect(await confirm(ticket)).toMatchObject({ status: 303, location: '/account/email/done' })
    expect(await findUser(server.database.prisma, person.id)).toMatchObject({ email, emailVerified: true })
    expect(await newestMail(server, person.email, 'security-notice')).toMatchObject({ what: 'email_changed' })
    expect((await server.ask(`/account/email/confirm?ticket=${ticket}`)).status).toBe(410)
    const events = await server.database.prisma.auditEvent.findMany({
      where: { userId: person.id, type: 'user.updated' },
    })
    expect(events).toHaveLength(1)
    expect(events[0]).toMatchObject({ actorVia: 'user', actorUserId: person.id })
  })

  test('that somebody has is answered the same; its owner is told, and nothing can be confirmed', async () => {
    const [person, owner] = [await addPerson(server), await addPerson(server)]
    const taken = await ask(person, owner.email)
    const free = await ask(person, newAddress())
    expect(taken.answer).toEqual(free.answer)
    expect(taken.jar).toHaveLength(free.jar.length)
    expect((await mailsOf(server, owner.email)).map(({ template }) => template)).toEqual(['address-taken'])
  })

  test('that somebody has, wanted however often, does not use up what tells its owner', async () => {
    const [person, owner] = [await addPerson(server), await addPerson(server)]
    for (let nth = 0; nth < 31; nth += 1) await ask(person, owner.email)
    const notice = { userId: owner.id, what: 'password_changed' as const }
    await server.database.transaction((tx) => tellUser({ tx, sealer: server.sealer }, notice))
    expect(await newestMail(server, owner.email, 'security-notice')).toMatchObject({
      what: 'password_changed',
    })
  })

  test('is refused when it is none, or the one there is', async () => {
    const person = await addPerson(server)
    expect((await ask(person, 'nobody')).answer).toEqual({ ok: false, reason: 'email_invalid' })
    expect((await ask(person, person.email.toUpperCase())).answer).toEqual({ ok: false, reason: 'unchanged' })
  })

  test('of many who confirm it at once on two instances, is changed once (FT-14)', async () => {
    const person = await addPerson(server)
    const email = newAddress()
    await ask(person, email)
    const { ticket } = await newestMail(server, email, 'change-email')
    const agents = Array.from({ length: 12 }, () => createUserAgent(server))
    const address = `/account/email/confirm?ticket=${ticket}`
    const forms = await Promise.all(agents.map(async (agent) => formOf(await agent.get(address), /confirm$/)))
    const answers = await Promise.all(
      agents.map((agent, nth) => agent.post(forms[nth]?.action ?? '', forms[nth]?.fields ?? {})),
    )
    expect(answers.filter(({ status }) => status === 303)).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 410)).toHaveLength(11)
  })

  test('sent twice by one browser leads to the same page twice, and is changed once', async () => {
    const person = await addPerson(server)
    const email = newAddress()
    await ask(person, email)
    const { ticket } = await newestMail(server, email, 'change-email')
    const agent = createUserAgent(server)
    const form = formOf(await agent.get(`/account/email/confirm?ticket=${ticket}`), /confirm$/)
    const send = () => agent.post(form.action, form.fields)
    for (const answer of [...(await Promise.all([send(), send()])), await send()])
      expect(answer).toMatchObject({ status: 303, location: '/account/email/done' })
    const updates = { userId: person.id, type: 'user.updated' }
    expect(await server.database.prisma.auditEvent.count({ where: updates })).toBe(1)
    expect((await createUserAgent(server).post(form.action, form.fields)).status).toBe(410)
  })

  test('of two users who want the same, one gets it, and neither ends the asking of the other', async () => {
    const [one, other] = [await addPerson(server), await addPerson(server)]
    const email = newAddress()
    await ask(one, email)
    const first = await newestMail(server, email, 'change-email')
    await ask(other, email)
    const second = await newestMail(server, email, 'change-email')
    const answers = await Promise.all([confirm(first.ticket), confirm(second.ticket)])
    expect(answers.map(({ status }) => status).sort()).toEqual([303, 409])
    expect([await emailOf(one), await emailOf(other)].filter((address) => address === email)).toHaveLength(1)
  })

  test.each<[string, (person: Person) => Promise<unknown>]>([
    ['a newer asking', (person) => ask(person, newAddress())],
    [
      'a change by an operator',
      ({ id }) => server.database.transaction((tx) => updateUser(tx, id, { email: newAddress() })),
    ],
    ['the end of the account', ({ id }) => setDisabled(server.database.prisma, id, true)],
    [
      'a new password, for who asked may be why it was changed',
      async ({ id }) =>
        setPasswordHash(server.database.prisma, id, await server.hasher.hash('another long one')),
    ],
    [
      'the end of all access',
      ({ id }) => server.database.transaction((tx) => revoke(tx, { userId: id }, { reason: 'test' })),
    ],
    ['its time', () => server.database.prisma.$executeRaw`UPDATE mail_tickets SET expires_at = now()`],
  ])('is ended by %s', async (_, end) => {
    const person = await addPerson(server)
    const email = newAddress()
    await ask(person, email)
    const { ticket } = await newestMail(server, email, 'change-email')
    await end(person)
    expect((await server.ask(`/account/email/confirm?ticket=${ticket}`)).status).toBe(410)
  })
})

test('the form that confirms is not taken from another site, nor with the token of another link (SE-06)', async () => {
  const [one, other] = [await addPerson(server), await addPerson(server)]
  const [mine, theirs] = [newAddress(), newAddress()]
  await ask(one, mine)
  await ask(other, theirs)
  const agent = createUserAgent(server)
  const page = async (email: string) =>
    formOf(
      await agent.get(
        `/account/email/confirm?ticket=${(await newestMail(server, email, 'change-email')).ticket}`,
      ),
      /confirm$/,
    )
  const [form, foreign] = [await page(mine), await page(theirs)]
  const evil = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
  expect((await agent.post(form.action, form.fields, { headers: evil })).status).toBe(403)
  expect((await agent.post(form.action, { ...form.fields, csrf: foreign.fields['csrf'] ?? '' })).status).toBe(
    403,
  )
  expect(await emailOf(one)).toBe(one.email)
})

describe('where registration is open to some domains only', () => {
  let own: TestServer
  beforeAll(async () => {
    own = await startTestServer({ env: { CARDEA_REGISTRATION_DOMAINS: 'example.com, example.org' } })
  })
  afterAll(() => own.stop())

  test('nobody changes to an address of another one: the page names them, and no mail goes out', async () => {
    const at = await atAccount(own, await addPerson(own), '/account/email')
    expect(at.page.text).toContain('Only addresses of example.com, example.org can be used here.')
    for (const email of ['a@evil.example', 'a@sub.example.com', 'a@example.com.evil.example']) {
      const answer = await send(at.agent, at.page, /email$/, { email })
      expect(answer.status).toBe(422)
      expect(answer.text).toContain('Only addresses of example.com, example.org can be used here.')
      expect(await mailsOf(own, email)).toEqual([])
    }
    const answer = await send(at.agent, at.page, /email$/, { email: `${randomUUID()}@EXAMPLE.org` })
    expect(answer).toMatchObject({ status: 303, location: '/account/email/check' })
  })

  test('an address that was asked for before they were named is not confirmed any more', async () => {
    const person = await addPerson(own)
    const email = `${randomUUID()}@elsewhere.example`
    await ask(person, email, own)
    const { ticket } = await newestMail(own, email, 'change-email')
    const answer = await confirm(ticket, createUserAgent(own))
    expect(answer.status).toBe(403)
    expect(answer.text).toContain('Only addresses of example.com, example.org can be used here.')
    expect((await findUser(own.database.prisma, person.id))?.email).toBe(person.email)
  })

  test('an operator gives any address, and where only operators make accounts any may be chosen', async () => {
    const { id } = await addPerson(own)
    const given = `${randomUUID()}@elsewhere.example`
    const updated = await own.database.transaction((tx) => updateUser(tx, id, { email: given }))
    expect(updated.ok).toBe(true)
    for (const policy of ['invitation', 'closed'] as const)
      expect(mayChoose({ policy, domains: ['example.com'] }, given)).toBe(true)
    expect(mayChoose({ policy: 'open', domains: ['example.com'] }, given)).toBe(false)
  })
})
