import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { askSilently, claimsOf, reach } from '../support/authorize.ts'
import { addClient, addPerson } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { authorizeUrl, pkce, redeem, refresh, signIn, stepOf, told, walk } from '../support/sign-in.ts'
import type { AuthorizeParams, SignedIn, Tokens } from '../support/sign-in.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { createUserAgent, formOf } from '../support/user-agent.ts'
import type { UserAgent } from '../support/user-agent.ts'

const PWD = 'urn:cardea:acr:pwd'
const MFA = 'urn:cardea:acr:mfa'

let server: TestServer
let client: Awaited<ReturnType<typeof addClient>>
beforeAll(async () => {
  server = await startTestServer({ env: { CARDEA_TOTP_POLICY: 'optional' } })
  client = await addClient(server)
})
afterAll(() => server.stop())

function essential(acr: object): AuthorizeParams {
  return { claims: JSON.stringify({ id_token: { acr: { essential: true, ...acr } } }) }
}

const idTokenOf = async (session: SignedIn) =>
  claimsOf((await redeem(server, client, session)).json<Tokens>().id_token)

/** Signed in with the password alone, although there is an authenticator: added afterwards. */
async function passwordOnly(): Promise<{ person: Person; agent: UserAgent }> {
  const person = await addPerson(server, { totp: false })
  const session = await signIn(server, client, person)
  expect(await idTokenOf(session)).toMatchObject({ acr: PWD, amr: ['pwd'] })
  return { person, agent: session.agent }
}

const strong: [string, AuthorizeParams][] = [
  ['an essential acr value', essential({ value: MFA })],
  ['essential acr values', essential({ values: [MFA] })],
  ['essential acr values, ours not first', essential({ values: ['urn:nobody', MFA] })],
  ['essential acr values beside weaker acr_values', { ...essential({ values: [MFA] }), acr_values: PWD }],
  ['acr_values', { acr_values: MFA }],
]

describe('a session by password only, asked for two factors (AZ-20, OpenID Connect Core section 5.5.1.1, RFC 9470 section 5)', () => {
  test.each(strong)('silently, by %s: an error, never the weaker sign-in', async (_by, params) => {
    const { agent } = await passwordOnly()
    expect(told(await askSilently(agent, client, params))).toEqual(
      expect.objectContaining({ error: 'login_required' }),
    )
  })

  test.each(strong)('by %s: the second factor is asked, not the password again', async (_by, params) => {
    const { person, agent } = await passwordOnly()
    const answer = await walk(server, agent, authorizeUrl(client, pkce().challenge, params), null)
    expect(stepOf(answer)).toBe('totp-enrol')
    const session = await signIn(server, client, person, params, { agent })
    expect(await idTokenOf(session)).toMatchObject({ sub: person.id, acr: MFA, amr: ['pwd', 'otp', 'mfa'] })
  })

  test('and its user declines: an error, and the session is as weak as before', async () => {
    const { agent } = await passwordOnly()
    const params = essential({ value: MFA })
    const page = await walk(server, agent, authorizeUrl(client, pkce().challenge, params), null)
    const { action, fields } = formOf(page, /abort$/)
    const declined = await agent.post(action, { ...fields, decision: 'cancel' })
    expect(told(await agent.get(declined.location ?? ''))['error']).toBe('access_denied')
    expect(told(await askSilently(agent, client, params))['error']).toBe('login_required')
    expect(told(await askSilently(agent, client))['code']).toBeDefined()
  })

  test('and the resume address is asked for without the factor: no code, and it is still asked', async () => {
    const { agent } = await passwordOnly()
    const params = essential({ value: MFA })
    const page = await walk(server, agent, authorizeUrl(client, pkce().challenge, params), null)
    const uid = /\/interaction\/([^/]+)\/totp-enrol/.exec(page.text)?.[1] ?? ''
    const resumed = await agent.get(`/authorize/${uid}`)
    expect(resumed.location).toMatch(/^\/interaction\//)
    expect(stepOf(await walk(server, agent, resumed.location ?? '', null))).toBe('totp-enrol')
  })
})

describe('two factors are claimed only where two were proven (AZ-20, ASVS 6.8.4)', () => {
  test('by someone with an authenticator, who is asked for it even where policy does not demand it', async () => {
    const session = await signIn(server, client, await addPerson(server))
    expect(await idTokenOf(session)).toMatchObject({ acr: MFA, amr: ['pwd', 'otp', 'mfa'] })
  })

  test('and a refresh does not raise them, though the session was raised meanwhile', async () => {
    const { person, agent } = await passwordOnly()
    const session = await signIn(server, client, person, { prompt: 'none' }, { agent })
    const tokens = (await redeem(server, client, session)).json<Tokens>()
    const raised = await signIn(server, client, person, essential({ value: MFA }), { agent })
    expect(await idTokenOf(raised)).toMatchObject({ acr: MFA, amr: ['pwd', 'otp', 'mfa'] })
    const again = (await refresh(server, client, tokens.refresh_token)).json<Tokens>()
    expect(claimsOf(again.id_token)).toMatchObject({ sub: person.id, acr: PWD, amr: ['pwd'] })
  })

  test('and a code begun before the step-up does not gain from it', async () => {
    const { person, agent } = await passwordOnly()
    const weak = await signIn(server, client, person, { prompt: 'none' }, { agent })
    const raised = await signIn(server, client, person, essential({ value: MFA }), { agent })
    expect((await idTokenOf(weak))['acr']).toBe(PWD)
    expect((await idTokenOf(raised))['acr']).toBe(MFA)
  })
})

describe('what cannot be reached is an error, never something less (AZ-20, Core section 5.5.1.1)', () => {
  const unmet = essential({ values: ['urn:nobody:can'] })

  test.each<[string, AuthorizeParams]>([
    ['a value nobody has', essential({ value: 'urn:nobody:can' })],
    ['values nobody has', unmet],
    ['no values at all', essential({ values: [] })],
    ['a value that is no text', essential({ value: 5 })],
    ['values nobody has, beside acr_values we have', { ...unmet, acr_values: MFA }],
  ])('%s', async (_what, params) => {
    const { person, agent } = await passwordOnly()
    for (const browser of [agent, undefined]) {
      const start = authorizeUrl(client, pkce().challenge, params)
      const answer = await walk(server, browser ?? createUserAgent(server), start, person)
      expect(told(answer)).toMatchObject({ state: 'st4te', iss: server.issuer })
      expect(told(answer)['error']).toMatch(/^(unmet_authentication_requirements|login_required)$/)
    }
    expect(told(await askSilently(agent, client, params))['error']).toBe('login_required')
  })

  test('values of the wrong type', async () => {
    const { agent } = await passwordOnly()
    const answer = await askSilently(agent, client, essential({ values: MFA }))
    expect(told(answer)['error']).toMatch(/^(invalid_request|login_required)$/)
  })

  test('a wish (acr_values, or an acr that is not essential) may stay unmet', async () => {
    const { agent } = await passwordOnly()
    for (const params of [
      { acr_values: 'urn:nobody:can' },
      { claims: JSON.stringify({ id_token: { acr: { values: ['urn:nobody:can'] } } }) },
      { claims: JSON.stringify({ id_token: { acr: null } }) },
    ])
      expect(told(await askSilently(agent, client, params))['code']).toBeDefined()
  })
})

test('the metadata name the acr values there are (AZ-20, MD-02)', async () => {
  const metadata = (await server.ask('/.well-known/openid-configuration')).json()
  expect(metadata['acr_values_supported']).toEqual([PWD, MFA])
})

test('where policy demands two factors, a person without an authenticator gets no code before having one (AZ-20, MF-06)', async () => {
  const strict = await startTestServer()
  try {
    const app = await addClient(strict)
    const person = await addPerson(strict, { totp: false })
    const enrolling = await reach(strict, app, person, 'totp-enrol')
    expect((await enrolling.agent.get(`/authorize/${enrolling.uid}`)).location ?? '').not.toContain('code=')
    const session = await signIn(strict, app, person)
    const { id_token: idToken } = (await redeem(strict, app, session)).json<Tokens>()
    expect(claimsOf(idToken)).toMatchObject({ acr: MFA, amr: ['pwd', 'otp', 'mfa'] })
    const start = authorizeUrl(app, pkce().challenge, essential({ values: [PWD] }))
    // The password was shown, so that may be said; what else was shown is in amr.
    expect(told(await walk(strict, session.agent, start, person))['code']).toBeDefined()
    const asked = await signIn(strict, app, person, essential({ values: [PWD] }), { agent: session.agent })
    const tokens = (await redeem(strict, app, asked)).json<Tokens>()
    expect(claimsOf(tokens.id_token)).toMatchObject({ acr: PWD, amr: ['pwd', 'otp', 'mfa'] })
  } finally {
    await strict.stop()
  }
})
