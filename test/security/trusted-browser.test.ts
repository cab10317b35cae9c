import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { setPasswordHash } from '../../src/users/index.ts'
import { claimsOf, reach } from '../support/authorize.ts'
import { addClient, addPerson, addRecoveryCodes, codeOf } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { authorizeUrl, pkce, redeem, stepOf, walk } from '../support/sign-in.ts'
import type { AuthorizeParams } from '../support/sign-in.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { createUserAgent, formOf } from '../support/user-agent.ts'
import type { UserAgent } from '../support/user-agent.ts'

let server: TestServer
let client: Awaited<ReturnType<typeof addClient>>
beforeAll(async () => {
  server = await startTestServer({ env: { CARDEA_TRUSTED_BROWSER_DAYS: '30' } })
  client = await addClient(server, { firstParty: true })
})
afterAll(() => server.stop())

const deviceOf = ({ cookies }: UserAgent) => cookies.filter(({ name }) => name.startsWith('cardea_device'))

/** A whole sign-in with the code, in which "trust this browser" is ticked, or left as it is. */
async function trusting(person: Person, trust: Record<string, string> = { trust: 'yes' }, at = server) {
  await addRecoveryCodes(at, person)
  const { agent, page } = await reach(at, client, person, 'totp')
  const { action, fields } = formOf(page, /\/totp$/)
  const { verifier, challenge } = pkce()
  let answer = await agent.post(action, { ...fields, ...trust, code: await codeOf(at, person) })
  for (let hops = 0; hops < 5 && answer.location?.startsWith('/'); hops += 1)
    answer = await agent.get(answer.location)
  return { agent, page, verifier, challenge }
}

/** Where somebody stands after the password, in a browser with these cookies and no session. */
async function afterPassword(person: Person, agent: UserAgent, params: AuthorizeParams = {}, at = server) {
  const browser = createUserAgent(at, deviceOf(agent))
  const { verifier, challenge } = pkce()
  const answer = await walk(at, browser, authorizeUrl(client, challenge, params), person, {
    stopAt: /^(totp|consent)$/,
  })
  return {
    browser,
    answer,
    verifier,
    step: stepOf(answer) ?? (answer.location?.includes('code=') ? 'in' : '?'),
  }
}

describe('a browser that its user trusts', () => {
  test('is not asked for the code, and the tokens say that there was none (AZ-20, MF-06)', async () => {
    const person = await addPerson(server)
    const { agent, page } = await trusting(person)
    expect(page.text).toContain('Do not ask for a code in this browser for 30 days')
    expect(page.text).not.toMatch(/name="trust"[^>]*checked/)
    const { answer, step, verifier, browser } = await afterPassword(person, agent)
    expect(step).toBe('in')
    const code = new URL(answer.location ?? '').searchParams.get('code') ?? ''
    const tokens = await redeem(server, client, { code, verifier })
    const claims = claimsOf(tokens.json<{ id_token: string }>().id_token)
    expect(claims).toMatchObject({ amr: ['pwd'], acr: 'urn:cardea:acr:pwd' })
    const mfa = { acr_values: 'urn:cardea:acr:mfa' }
    const stronger = await walk(server, browser, authorizeUrl(client, pkce().challenge, mfa), person, {
      stopAt: /^totp$/,
    })
    expect(stepOf(stronger)).toBe('totp')
  })

  test.each<[string, AuthorizeParams]>([
    ['prompt=login', { prompt: 'login' }],
    ['max_age', { max_age: '3600' }],
    ['acr_values', { acr_values: 'urn:cardea:acr:mfa' }],
    [
      'an essential acr',
      { claims: JSON.stringify({ id_token: { acr: { essential: true, value: 'urn:cardea:acr:mfa' } } }) },
    ],
  ])('is asked for it where the client demands it by %s (AZ-18, AZ-20)', async (_, params) => {
    const person = await addPerson(server)
    const { agent } = await trusting(person)
    expect((await afterPassword(person, agent, params)).step).toBe('totp')
  })

  test('is asked for the password always, and a copy of its cookie helps with nobody else (MF-06)', async () => {
    const [person, eve] = [await addPerson(server), await addPerson(server)]
    const { agent } = await trusting(person)
    await reach(server, client, null, 'login', { agent: createUserAgent(server, deviceOf(agent)) })
    expect((await afterPassword(eve, agent)).step).toBe('totp')
  })

  test('does not let its user, or whoever knows their password there, make a passkey without the code (MF-07)', async () => {
    const person = await addPerson(server)
    const { agent } = await trusting(person)
    const browser = createUserAgent(server, deviceOf(agent))
    const { page, at } = await reach(server, client, null, 'login', { agent: browser })
    const { fields } = formOf(page, /\/login$/)
    const { email, password } = person
    await browser.post(`${at}/login`, { ...fields, email, password, passkeys: 'yes' })
    const next = await browser.get(at)
    expect(next.text).not.toContain('data-passkey="create"')
    expect(next.location).toMatch(/^\/authorize\//)
  })

  test('is told to its user by mail, and listed (MF-07)', async () => {
    const person = await addPerson(server)
    await trusting(person)
    const { prisma } = server.database
    expect(await prisma.mail.count({ where: { userId: person.id, template: 'security-notice' } })).toBe(1)
    expect(await prisma.trustedBrowser.findMany({ where: { userId: person.id } })).toEqual([
      expect.objectContaining({ skipsFactorUntil: expect.any(Date) }),
    ])
  })
})

describe('trust ends', () => {
  test.each<[string, (person: Person) => Promise<unknown>]>([
    [
      'with a new password',
      async (person) => {
        person.password = 'quite another long password'
        await setPasswordHash(server.database.prisma, person.id, await server.hasher.hash(person.password))
      },
    ],
    [
      'when its time is over',
      ({ id }) =>
        server.database.pool.query(
          "UPDATE trusted_browsers SET skips_factor_until = now() - interval '1 second' WHERE user_id = $1",
          [id],
        ),
    ],
    [
      'when its owner gets power over others',
      ({ id }) => server.database.prisma.user.update({ where: { id }, data: { role: 'operator' } }),
    ],
  ])('%s (MF-07)', async (_, change) => {
    const person = await addPerson(server)
    const { agent } = await trusting(person)
    await change(person)
    expect((await afterPassword(person, agent)).step).toBe('totp')
  })
})

describe('no browser is trusted', () => {
  test('whose user did not tick it (MF-06)', async () => {
    const person = await addPerson(server)
    const { agent } = await trusting(person, {})
    expect((await afterPassword(person, agent)).step).toBe('totp')
  })

  test('where policy does not allow it, whatever the form sends (MF-06)', async () => {
    const strict = await startTestServer()
    try {
      client = await addClient(strict, { firstParty: true })
      const person = await addPerson(strict)
      const { agent, page } = await trusting(person, { trust: 'yes' }, strict)
      expect(page.text).not.toContain('name="trust"')
      expect((await afterPassword(person, agent, {}, strict)).step).toBe('totp')
    } finally {
      await strict.stop()
    }
  })
})
