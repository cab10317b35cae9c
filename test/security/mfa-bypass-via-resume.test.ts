import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { randomSecret } from '../../src/crypto/index.ts'
import { generateRecoveryCodes } from '../../src/users/index.ts'
import { askSilently, claimsOf, reach } from '../support/authorize.ts'
import type { AtStep } from '../support/authorize.ts'
import { addClient, addPerson, codeOf } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { askToken, authorizeUrl, pkce, redeem, signIn, stepOf, told, walk } from '../support/sign-in.ts'
import type { Tokens } from '../support/sign-in.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { createUserAgent, formOf } from '../support/user-agent.ts'

let server: TestServer
let client: Awaited<ReturnType<typeof addClient>>
let own: Awaited<ReturnType<typeof addClient>>
let person: Person
beforeAll(async () => {
  server = await startTestServer({ instances: 2 })
  client = await addClient(server)
  own = await addClient(server, { firstParty: true })
  person = await addPerson(server)
})
afterAll(() => server.stop())

const verdict = async ({ agent }: Pick<AtStep, 'agent'>) => told(await askSilently(agent, own))['error']

describe('with the password alone, whatever is tried (MF-06, ASVS 6.3.4)', () => {
  test('the resume address, before and after the password, gives no session', async () => {
    for (const step of ['login', 'totp']) {
      const sitting = await reach(server, own, person, step)
      const resumed = await sitting.agent.get(`/authorize/${sitting.uid}`)
      expect(resumed.location).toMatch(/^\/interaction\//)
      expect(await verdict(sitting)).toBe('login_required')
    }
  })

  test('the resume address in the middle of the code form gives no session either', async () => {
    const sitting = await reach(server, own, person, 'totp')
    const { fields } = formOf(sitting.page, /totp$/)
    const tab = sitting.agent.clone()
    const [wrong, resumed] = await Promise.all([
      sitting.agent.post(`${sitting.at}/totp`, { ...fields, code: '000000' }),
      tab.get(`/authorize/${sitting.uid}`),
    ])
    expect(wrong.location ?? '').not.toContain('code=')
    expect(resumed.location ?? '').not.toContain('code=')
    for (const agent of [sitting.agent, tab]) expect(await verdict({ agent })).toBe('login_required')
  })

  test('an earlier, whole sign-in does not lend its result to a later half one (merged submissions)', async () => {
    const { agent } = await signIn(server, client, person, { prompt: 'login consent' })
    const sitting = await reach(server, client, person, 'totp', { params: { prompt: 'login' }, agent })
    const resumed = await agent.get(`/authorize/${sitting.uid}`)
    expect(resumed.location ?? '').not.toContain('code=')
    const page = await walk(server, agent, resumed.location ?? '', null)
    expect(stepOf(page)).toBe('login')
  })

  test.each<[string, Record<string, string> | [string, string][]]>([
    ['no code', {}],
    ['an empty code', { code: '' }],
    ['the word null', { code: 'null' }],
    ['the word undefined', { code: 'undefined' }],
    [
      'a list',
      [
        ['code', '000000'],
        ['code', '000000'],
      ],
    ],
    ['a list by name', { 'code[]': '000000' }],
    ['a property', { 'code[length]': '6' }],
    ['true', { code: 'true' }],
    ['zero', { code: '0' }],
    ['a wildcard', { code: '%' }],
    ['another field', { totp: '000000', otp: '000000', saved: 'yes' }],
    ['a statement that it was done', { factors: 'otp', amr: 'mfa', acr: 'urn:cardea:acr:mfa' }],
  ])('%s in the code form is no code (CVE-2025-64103, CVE-2026-49443)', async (_what, form) => {
    const sitting = await reach(server, own, person, 'totp')
    const { csrf = '' } = formOf(sitting.page, /totp$/).fields
    const fields = Array.isArray(form) ? form : Object.entries(form)
    const answer = await sitting.agent.post(
      `${sitting.at}/totp`,
      new URLSearchParams([['csrf', csrf], ...fields]),
    )
    expect([400, 422]).toContain(answer.status)
    expect(stepOf(await sitting.agent.get(sitting.at))).toBe('totp')
    expect(await verdict(sitting)).toBe('login_required')
  })

  test('a person who has an authenticator is not offered to enrol another one instead', async () => {
    const sitting = await reach(server, own, person, 'totp')
    const { csrf = '' } = formOf(sitting.page, /totp$/).fields
    const answer = await sitting.agent.post(`${sitting.at}/totp-enrol`, {
      csrf,
      code: await codeOf(server, person),
    })
    expect([answer.status, answer.location]).toEqual([303, sitting.at])
    expect(await server.database.prisma.totpCredential.count({ where: { userId: person.id } })).toBe(1)
  })

  test('an authenticator that is being enrolled does not count before its code is right', async () => {
    const sitting = await reach(server, own, await addPerson(server, { totp: false }), 'totp-enrol')
    const { csrf = '' } = formOf(sitting.page, /totp-enrol$/).fields
    for (const form of [{ csrf }, { csrf, code: '' }, { csrf, code: '000000' }]) {
      const answer = await sitting.agent.post(`${sitting.at}/totp-enrol`, form)
      expect(answer.status).toBe(422)
      expect(await verdict(sitting)).toBe('login_required')
    }
  })

  test('no grant takes a password, with or without a code', async () => {
    const form = {
      grant_type: 'password',
      username: person.email,
      password: person.password,
      scope: 'openid',
    }
    for (const more of [{}, { code: await codeOf(server, person) }])
      expect((await askToken(server, client, { ...form, ...more })).json()['error']).toBe(
        'unsupported_grant_type',
      )
  })
})

test('going back after the sign-in leads to no second one: the old pages are dead ends (MF-06)', async () => {
  const sitting = await reach(server, own, person, 'totp')
  const { fields } = formOf(sitting.page, /totp$/)
  const proven = await sitting.agent.post(`${sitting.at}/totp`, {
    ...fields,
    code: await codeOf(server, person),
  })
  const done = await walk(server, sitting.agent, proven.location ?? '', person)
  expect(told(done)['code']).toBeDefined()
  for (const path of [sitting.at, `/authorize/${sitting.uid}`])
    expect((await sitting.agent.get(path)).status).toBe(400)
  expect((await sitting.agent.post(`${sitting.at}/totp`, { ...fields, code: '000000' })).status).toBe(400)
})

test('a recovery code is a second factor, claimed as one, and not as a one-time password (MF-06, RFC 8176)', async () => {
  const forgetful = await addPerson(server)
  const [code = ''] = await generateRecoveryCodes(server.database.prisma, forgetful.id)
  const begun = pkce()
  const agent = createUserAgent(server)
  const page = await walk(server, agent, authorizeUrl(own, begun.challenge), forgetful, { stopAt: /^totp$/ })
  const at = formOf(page, /totp$/).action.replace(/\/totp$/, '')
  const form = formOf(await agent.get(`${at}/recovery-code`), /recovery-code$/)
  const proven = await agent.post(form.action, { ...form.fields, code })
  const done = await walk(server, agent, proven.location ?? '', null)
  const answer = await redeem(server, own, { code: told(done)['code'] ?? '', verifier: begun.verifier })
  expect(claimsOf(answer.json<Tokens>().id_token)).toMatchObject({
    amr: ['pwd', 'mfa'],
    acr: 'urn:cardea:acr:mfa',
  })
})

test('a session from before two factors were demanded is asked for the second one (MF-06, AZ-20)', async () => {
  const issuer = `http://localhost:${40_000 + Math.floor(Math.random() * 20_000)}`
  const shared = { CARDEA_ISSUER: issuer, CARDEA_KEYRING: randomSecret(), CARDEA_COOKIE_KEYS: randomSecret() }
  const before = await startTestServer({ env: { ...shared, CARDEA_TOTP_POLICY: 'optional' } })
  const after = await startTestServer({ env: shared, databaseUrl: before.databaseUrl })
  try {
    const app = await addClient(before, { firstParty: true })
    const weak = await addPerson(before, { totp: false })
    const { agent } = await signIn(before, app, weak)
    const sameBrowser = createUserAgent(after, agent.cookies)
    expect(told(await askSilently(sameBrowser, app))['error']).toBe('login_required')
    const page = await walk(after, sameBrowser, authorizeUrl(app, pkce().challenge), null)
    expect(stepOf(page)).toBe('totp-enrol')
  } finally {
    await after.stop()
    await before.stop()
  }
})
