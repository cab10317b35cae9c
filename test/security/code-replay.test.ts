import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { bearer } from '../support/http-client.ts'
import { addClient, addPerson, REDIRECT_URI } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { askToken, isActive, pkce, redeem, refresh, signIn } from '../support/sign-in.ts'
import type { SignedIn, Tokens } from '../support/sign-in.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'

type App = Awaited<ReturnType<typeof addClient>>
const SECOND_URI = 'https://rp.example/second'

let server: TestServer
let client: App
let other: App
let person: Person
beforeAll(async () => {
  server = await startTestServer({ instances: 2 })
  client = await addClient(server, { metadata: { redirect_uris: [REDIRECT_URI, SECOND_URI] } })
  other = await addClient(server)
  person = await addPerson(server)
})
afterAll(() => server.stop())

async function expectAlive(tokens: Tokens): Promise<void> {
  expect(await isActive(server, client, tokens.access_token)).toBe(true)
  expect((await server.ask('/userinfo', { headers: bearer(tokens.access_token) })).status).toBe(200)
  expect((await refresh(server, client, tokens.refresh_token)).status).toBe(200)
}

async function expectDead(tokens: Tokens): Promise<void> {
  expect(await isActive(server, client, tokens.access_token)).toBe(false)
  expect(await isActive(server, client, tokens.refresh_token)).toBe(false)
  expect((await server.ask('/userinfo', { headers: bearer(tokens.access_token) })).status).toBe(401)
  const refreshed = await refresh(server, client, tokens.refresh_token)
  expect([refreshed.status, refreshed.json()['error']]).toEqual([400, 'invalid_grant'])
}

async function redeemed(): Promise<{ session: SignedIn; tokens: Tokens }> {
  const session = await signIn(server, client, person)
  const answer = await redeem(server, client, session)
  expect(answer.status).toBe(200)
  return { session, tokens: answer.json<Tokens>() }
}

async function expectRefused(session: SignedIn, app: App, form: Record<string, string>): Promise<void> {
  const answer = await redeem(server, app, session, form)
  expect({ form, status: answer.status, error: answer.json()['error'] }).toEqual({
    form,
    status: 400,
    error: expect.stringMatching(/^invalid_(grant|request)$/),
  })
}

/** A code as a thief would bring it: something about it is wrong. */
const wrong: [string, () => App, Record<string, string>][] = [
  ['with another verifier', () => client, { code_verifier: pkce().verifier }],
  ['without a verifier', () => client, { code_verifier: '' }],
  ['by another client', () => other, {}],
  ['with another registered redirect URI', () => client, { redirect_uri: SECOND_URI }],
  ['with an unregistered redirect URI', () => client, { redirect_uri: 'https://evil.example/cb' }],
  ['without a redirect URI', () => client, { redirect_uri: '' }],
]

describe('a code redeemed a second time', () => {
  test('is refused, and every token it gave ends (CO-02, OAuth 2.1 section 4.1.3, RFC 9700 section 4.2.4)', async () => {
    const { session, tokens } = await redeemed()
    const refreshed = (await refresh(server, client, tokens.refresh_token)).json<Tokens>()
    await expectRefused(session, client, {})
    await expectDead(tokens)
    await expectDead({ ...refreshed, refresh_token: tokens.refresh_token })
    await expectRefused(session, client, {})
  })

  test('is recorded as a replay, once, with whose it was (CO-02)', async () => {
    const { session } = await redeemed()
    await expectRefused(session, client, {})
    await expectRefused(session, client, {})
    const [latest, ...before] = await server.database.prisma.auditEvent.findMany({
      where: { type: 'grant.revoked', userId: person.id, clientId: client.id },
      orderBy: { id: 'desc' },
    })
    expect(latest?.detail).toMatchObject({ reason: 'code_replayed' })
    expect(before.filter(({ grantId }) => grantId === latest?.grantId)).toEqual([])
  })

  test('ends nothing else: other tokens of the same person and client live on (CO-02)', async () => {
    const earlier = await redeemed()
    const { session, tokens } = await redeemed()
    await expectRefused(session, client, {})
    await expectDead(tokens)
    await expectAlive(earlier.tokens)
  })

  test.each(wrong)(
    '%s is refused and ends nothing: nobody can sign a user out with a stolen, spent code (CO-03, OAuth 2.1 section 7.5.2)',
    async (_how, app, form) => {
      const { session, tokens } = await redeemed()
      await expectRefused(session, app(), form)
      await expectAlive(tokens)
    },
  )

  test('without authenticating the client ends nothing (CO-03)', async () => {
    const { session, tokens } = await redeemed()
    const answer = await askToken(
      server,
      { ...client, secret: 'wrong' },
      {
        grant_type: 'authorization_code',
        code: session.code,
        redirect_uri: REDIRECT_URI,
        code_verifier: session.verifier,
      },
    )
    expect(answer.status).toBe(401)
    await expectAlive(tokens)
  })
})

describe('a code in the wrong hands', () => {
  test.each(wrong)(
    'is refused %s, and still works for its owner (CO-05, RFC 6749 section 4.1.3, CVE-2026-16089)',
    async (_how, app, form) => {
      const session = await signIn(server, client, person)
      await expectRefused(session, app(), form)
      expect((await redeem(server, client, session)).status).toBe(200)
    },
  )

  test('is refused to a public client that names itself as the owner (CO-05, CA-04)', async () => {
    const session = await signIn(server, client, person)
    const answer = await server.ask('/token', {
      body: {
        client_id: client.id,
        grant_type: 'authorization_code',
        code: session.code,
        redirect_uri: REDIRECT_URI,
        code_verifier: session.verifier,
      },
    })
    expect([answer.status, answer.json()['error']]).toEqual([401, 'invalid_client'])
    expect((await redeem(server, client, session)).status).toBe(200)
  })
})

describe('other random ids of ours are no codes (CO-05, CVE-2026-4282)', () => {
  test('nor is a code a token', async () => {
    const { session, tokens } = await redeemed()
    const fresh = await signIn(server, client, person)
    const cookie = fresh.agent.cookies.find(({ name }) => name === 'cardea_session')?.value ?? ''
    const grants = await server.database.prisma.grant.findMany({ where: { userId: person.id } })
    const digests = await server.database.prisma.token.findMany({ where: { userId: person.id } })
    const ids = [
      cookie,
      tokens.access_token,
      tokens.refresh_token,
      ...grants.map(({ id }) => id),
      ...digests.map(({ digest }) => Buffer.from(digest).toString('base64url')),
      ...digests.map(({ digest }) => Buffer.from(digest).toString('hex')),
    ]
    for (const id of ids) await expectRefused({ ...session, code: id }, client, {})
    expect((await refresh(server, client, fresh.code)).json()['error']).toBe('invalid_grant')
    expect(await isActive(server, client, fresh.code)).toBe(false)
    expect((await server.ask('/userinfo', { headers: bearer(fresh.code) })).status).toBe(401)
    expect((await redeem(server, client, fresh)).status).toBe(200)
    await expectAlive(tokens)
  })
})
