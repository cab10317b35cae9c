import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { askSilently } from '../support/authorize.ts'
import { basic } from '../support/http-client.ts'
import { addClient, addPerson, publicClient, REDIRECT_URI } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { askToken, redeem, signIn, told } from '../support/sign-in.ts'
import type { AuthorizeParams, SignedIn } from '../support/sign-in.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import type { UserAgent } from '../support/user-agent.ts'

type App = Awaited<ReturnType<typeof addClient>>

let server: TestServer
let person: Person
let signedIn: UserAgent
const apps: Record<string, App> = {}
beforeAll(async () => {
  server = await startTestServer()
  person = await addPerson(server)
  apps['confidential'] = await addClient(server, { firstParty: true })
  apps['public'] = await addClient(server, { firstParty: true, metadata: publicClient })
  apps['native'] = await addClient(server, {
    firstParty: true,
    metadata: { ...publicClient, application_type: 'native' },
  })
  signedIn = (await signIn(server, apps['confidential'], person)).agent
})
afterAll(() => server.stop())

function app(kind: string): App {
  const found = apps[kind]
  if (!found) throw new Error(kind)
  return found
}

const codeFor = (client: App): Promise<SignedIn> =>
  // A native client's users are asked each time, whoever it says it is (RFC 8252 section 8.6).
  signIn(server, client, person, client.id === app('native').id ? {} : { prompt: 'none' }, {
    agent: signedIn,
  })

const everyKind = ['confidential', 'public', 'native']

describe.each(everyKind)('a %s client', (kind) => {
  test.each<[string, AuthorizeParams]>([
    ['no challenge', { code_challenge: undefined, code_challenge_method: undefined }],
    ['no challenge but its method', { code_challenge: undefined }],
    ['an empty challenge', { code_challenge: '' }],
    ['the plain method', { code_challenge_method: 'plain' }],
    ['no method, which means plain', { code_challenge_method: undefined }],
    ['the method in small letters', { code_challenge_method: 's256' }],
    ['an unknown method', { code_challenge_method: 'S512' }],
    ['a short challenge', { code_challenge: 'a'.repeat(42) }],
    ['a long challenge', { code_challenge: 'a'.repeat(129) }],
    ['a challenge with other characters', { code_challenge: `${'a'.repeat(42)}+` }],
    ['a challenge with white space', { code_challenge: `${'a'.repeat(43)} ` }],
  ])(
    'with %s gets invalid_request and no code (CO-06, RFC 9700 section 2.1.1, RFC 7636 section 4.4.1)',
    async (_what, params) => {
      const answer = told(await askSilently(signedIn, app(kind), params))
      expect({ error: answer['error'], code: answer['code'] }).toEqual({
        error: 'invalid_request',
        code: undefined,
      })
    },
  )

  const wrongVerifiers: [string, (verifier: string) => string][] = [
    ['no verifier', () => ''],
    ['another verifier', () => 'b'.repeat(43)],
    ['the challenge as verifier', (verifier) => createHash('sha256').update(verifier).digest('base64url')],
    ['a short verifier', (verifier) => verifier.slice(0, 42)],
    ['a long verifier', (verifier) => verifier.padEnd(129, 'a')],
    ['a verifier with more at its end', (verifier) => `${verifier}a`],
    ['a verifier of other characters', (verifier) => `${verifier}+/=`],
    ['the verifier in other letter case', (verifier) => verifier.toUpperCase()],
    ['the verifier and a NUL', (verifier) => `${verifier}\0`],
    ['the verifier and white space', (verifier) => `${verifier} `],
    ['the word null', () => 'null'],
  ]

  test.each(wrongVerifiers)(
    'with %s gets no tokens; its code still works with the right one (CO-06, CVE-2023-48228, CVE-2026-73309)',
    async (_what, change) => {
      const client = app(kind)
      const session = await codeFor(client)
      const answer = await redeem(server, client, session, { code_verifier: change(session.verifier) })
      expect(answer.status).toBe(400)
      expect(answer.json()['error']).toMatch(/^invalid_(grant|request)$/)
      expect((await redeem(server, client, session)).status).toBe(200)
    },
  )

  test('that leaves the verifier out, or sends it twice, gets no tokens (CO-06)', async () => {
    const client = app(kind)
    const session = await codeFor(client)
    const form = { grant_type: 'authorization_code', code: session.code, redirect_uri: REDIRECT_URI }
    expect((await askToken(server, client, form)).json()['error']).toBe('invalid_grant')
    const isPublic = kind !== 'confidential'
    const body = new URLSearchParams({ ...form, ...(isPublic ? { client_id: client.id } : {}) })
    body.append('code_verifier', session.verifier)
    body.append('code_verifier', session.verifier)
    const twice = await server.ask('/token', {
      body,
      headers: isPublic ? {} : basic(client.id, client.secret),
    })
    expect([twice.status, twice.json()['error']]).toEqual([400, 'invalid_request'])
    expect((await redeem(server, client, session)).status).toBe(200)
  })

  test('that slips a verifier into a code issued without challenge gets no tokens (CO-06, CVE-2024-23647, CVE-2024-22258)', async () => {
    const client = app(kind)
    const session = await codeFor(client)
    // There is no such code: this one is made by taking the challenge away behind the server's back.
    const changed = await server.database.prisma
      .$executeRaw`UPDATE tokens SET payload = payload - 'codeChallenge' - 'codeChallengeMethod' WHERE kind = 'AuthorizationCode' AND digest = sha256(${Buffer.from(session.code)})`
    expect(changed).toBe(1)
    const answer = await redeem(server, client, session)
    expect([answer.status, answer.json()['error']]).toEqual([400, 'invalid_grant'])
  })
})

test('the challenge that counts is the one the code was issued for: another code’s verifier does not fit (CO-06)', async () => {
  const client = app('public')
  const [mine, thiefs] = [await codeFor(client), await codeFor(client)]
  const answer = await redeem(server, client, { code: mine.code, verifier: thiefs.verifier })
  expect([answer.status, answer.json()['error']]).toEqual([400, 'invalid_grant'])
})

test('the metadata name S256 alone (CO-08, RFC 9700 section 2.1.1)', async () => {
  for (const path of ['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server'])
    expect((await server.ask(path)).json()['code_challenge_methods_supported']).toEqual(['S256'])
})

describe('a code', () => {
  test('has room for 256 random bits, and none comes twice (CO-07, RFC 6749 section 10.10)', async () => {
    const codes: string[] = []
    for (let nth = 0; nth < 200; nth += 1)
      codes.push(told(await askSilently(signedIn, app('confidential')))['code'] ?? '')
    expect(new Set(codes).size).toBe(200)
    expect(codes.filter((code) => !/^[A-Za-z0-9_-]{43}$/.test(code))).toEqual([])
    // Every place of a code takes every character: with 200 of them a place that never varies would show.
    for (let place = 0; place < 42; place += 1)
      expect(new Set(codes.map((code) => code[place])).size).toBeGreaterThan(40)
  })

  test('is neither in the log nor in the database, nor is its verifier or a token it gives (CO-07)', async () => {
    const client = app('confidential')
    const session = await codeFor(client)
    await redeem(server, client, session, { code_verifier: 'b'.repeat(43) })
    const tokens = (await redeem(server, client, session)).json<Record<string, string>>()
    await redeem(server, client, session)
    const secrets = [
      session.code,
      session.verifier,
      tokens['access_token'],
      tokens['refresh_token'],
      client.secret,
    ]
    const log = server.log.join('\n')
    expect(log).toContain('"route":"/token"')
    expect(secrets.filter((secret) => log.includes(secret ?? '-'))).toEqual([])
    const { rows } = await server.database.pool.query<{ everything: string }>(
      `SELECT concat((SELECT json_agg(t) FROM tokens t), (SELECT json_agg(a) FROM audit_events a), (SELECT json_agg(s) FROM sessions s),
        (SELECT json_agg(g) FROM grants g), (SELECT json_agg(i) FROM interactions i), (SELECT json_agg(c) FROM clients c)) AS everything`,
    )
    expect(secrets.filter((secret) => rows[0]?.everything.includes(secret ?? '-'))).toEqual([])
  })
})
