import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { randomSecret } from '../../src/crypto/index.ts'
import type { Answer } from '../support/http-client.ts'
import { holdTable, shutDatabase } from '../support/outage.ts'
import { addClient, addPerson, publicClient } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { authorizeUrl, isActive, pkce, redeem, refresh, signIn, tokensFor } from '../support/sign-in.ts'
import type { SignedIn, Tokens } from '../support/sign-in.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { giveBack, introspect, userinfo } from '../support/tokens.ts'
import { createUserAgent } from '../support/user-agent.ts'
import type { UserAgent } from '../support/user-agent.ts'

type Client = Awaited<ReturnType<typeof addClient>>
const TIMEOUT = 250
const env = {
  CARDEA_ISSUER: 'http://localhost:4714',
  CARDEA_KEYRING: randomSecret(),
  CARDEA_COOKIE_KEYS: randomSecret(),
}
/** On one database: a server with time, with which everything is prepared and looked at, and one that soon gives up. */
let server: TestServer
let hasty: TestServer
let web: Client, spa: Client
let person: Person
beforeAll(async () => {
  server = await startTestServer({ env })
  hasty = await startTestServer({
    env: { ...env, CARDEA_DATABASE_TIMEOUT: String(TIMEOUT) },
    databaseUrl: server.databaseUrl,
  })
  web = await addClient(server)
  spa = await addClient(server, { metadata: publicClient })
  person = await addPerson(server)
})
afterAll(async () => {
  await hasty.stop()
  await server.stop()
})

type Things = { tokens: Tokens & { agent: UserAgent }; ofSpa: Tokens; waiting: SignedIn }

async function arrange(): Promise<Things> {
  const offline = { scope: 'openid offline_access', prompt: 'consent' }
  const tokens = await tokensFor(server, web, person, offline)
  const { agent } = tokens
  const ofSpa = await tokensFor(server, spa, person, offline)
  return { tokens, ofSpa, waiting: await signIn(server, web, person, {}, { agent }) }
}

/** Everything that a program may ask while the storage is away. */
async function askAll({ tokens, ofSpa, waiting }: Things): Promise<[string, Answer][]> {
  const asked: Record<string, Promise<Answer>> = {
    'introspection of an access token': introspect(hasty, web, tokens.access_token),
    'introspection of a refresh token': introspect(hasty, web, tokens.refresh_token),
    'introspection of a token that never was': introspect(hasty, web, 'x'.repeat(43)),
    'revocation of a refresh token': giveBack(hasty, web, tokens.refresh_token),
    'revocation of an access token': giveBack(hasty, web, tokens.access_token),
    userinfo: userinfo(hasty, tokens.access_token),
    'a refresh': refresh(hasty, web, tokens.refresh_token),
    'a refresh that rotates': refresh(hasty, spa, ofSpa.refresh_token),
    'a code': redeem(hasty, web, waiting),
    'a wrong secret': introspect(hasty, { id: web.id, secret: 'wrong' }, 'x'),
  }
  return Promise.all(
    Object.entries(asked).map(async ([name, answer]) => [name, await answer] as [string, Answer]),
  )
}

/** The words of a verdict, none of which may be said when nothing is known. */
const verdicts = /invalid_|"active"|access_denied|expired|unauthorized/

function expectUnavailable([name, answer]: [string, Answer]): void {
  expect([name, answer.status, answer.headers['retry-after']]).toEqual([name, 503, '2'])
  expect(answer.headers['cache-control']).toBe('no-store')
  expect(answer.headers['www-authenticate']).toBeUndefined()
  expect(answer.json()['error']).toBe('temporarily_unavailable')
  expect(answer.text).not.toMatch(verdicts)
}

async function expectAllGood({ tokens, ofSpa, waiting }: Things): Promise<void> {
  expect(await isActive(server, web, tokens.access_token)).toBe(true)
  expect((await userinfo(server, tokens.access_token)).status).toBe(200)
  expect((await refresh(server, web, tokens.refresh_token)).status).toBe(200)
  expect((await refresh(server, spa, ofSpa.refresh_token)).status).toBe(200)
  expect((await redeem(server, web, waiting)).status).toBe(200)
}

describe('while the database', () => {
  const outages: [string, () => Promise<() => Promise<void>>][] = [
    ['is gone', async () => (await shutDatabase(server)).restore],
    ['hangs on its tokens', async () => (await holdTable(server, 'tokens')).release],
    ['hangs on its grants', async () => (await holdTable(server, 'grants')).release],
  ]

  test.each(outages)(
    '%s, every endpoint says 503 and when to come back; then all is as it was (IN-05, RV-03, FT-02, FT-03, M17, RFC 7009 §2.2.1)',
    async (_, begin) => {
      const things = await arrange()
      const logged = hasty.log.length
      const end = await begin()
      try {
        const began = performance.now()
        const answers = await askAll(things)
        expect(performance.now() - began).toBeLessThan(5000)
        for (const one of answers) expectUnavailable(one)
      } finally {
        await end()
      }
      await expectAllGood(things)
      const lines = hasty.log.slice(logged).map((line) => JSON.parse(line) as { level: number; msg: string })
      expect(lines.filter(({ msg }) => msg === 'request not served').length).toBe(10)
      expect(lines.filter(({ level }) => level >= 50)).toEqual([])
    },
  )

  test('is gone, the discovery document and the keys are still there (FT-01)', async () => {
    const { restore } = await shutDatabase(server)
    try {
      expect((await hasty.ask('/.well-known/openid-configuration')).status).toBe(200)
      expect((await hasty.ask('/jwks')).status).toBe(200)
      expect((await hasty.ask('/health/live')).status).toBe(200)
      expect((await hasty.ask('/health/ready')).status).toBe(503)
    } finally {
      await restore()
    }
    expect((await hasty.ask('/health/ready')).status).toBe(200)
  })

  test('is gone, nobody is told to sign in: the browser gets a page that says so, and the client no error of its own (FT-02)', async () => {
    const { restore } = await shutDatabase(server)
    try {
      const answer = await createUserAgent(hasty).get(authorizeUrl(web, pkce().challenge))
      expect([answer.status, answer.location]).toEqual([503, undefined])
      expect(answer.headers['retry-after']).toBe('2')
      expect(answer.headers['content-type']).toContain('text/html')
    } finally {
      await restore()
    }
  })
})

test('a revocation that was not carried out is not confirmed: the token lives on, and a second try ends it (RV-03, GHSA-7mqr-2v3q-v2wm)', async () => {
  const { tokens } = await arrange()
  const { release } = await holdTable(server, 'grants')
  const answer = await giveBack(hasty, web, tokens.refresh_token)
  await release()
  expect(answer.status).toBe(503)
  expect(await isActive(server, web, tokens.access_token)).toBe(true)
  expect((await giveBack(server, web, tokens.refresh_token)).status).toBe(200)
  expect(await isActive(server, web, tokens.access_token)).toBe(false)
  expect((await refresh(server, web, tokens.refresh_token)).status).toBe(400)
})

test('a revocation that waits for a lock longer than anyone waits is not confirmed either, and not half done (RV-03, FT-05)', async () => {
  const { tokens, ofSpa } = await arrange()
  const { release } = await holdTable(server, 'audit_events')
  const answer = await giveBack(hasty, web, tokens.refresh_token)
  await release()
  expect(answer.status).toBe(503)
  expect(await isActive(server, web, tokens.access_token)).toBe(true)
  expect((await refresh(server, web, tokens.refresh_token)).status).toBe(200)
  expect((await refresh(server, spa, ofSpa.refresh_token)).status).toBe(200)
})
