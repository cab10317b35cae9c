import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createSealer, openFor, randomSecret } from '../../src/crypto/index.ts'
import { oidcSweeps } from '../../src/oidc/index.ts'
import { addClient, addPerson, publicClient } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { isActive, refresh, tokensFor } from '../support/sign-in.ts'
import type { Tokens } from '../support/sign-in.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { copyOf, digestOf, grantOf, tokensOf, userinfo } from '../support/tokens.ts'
import { sweepOnce } from '../support/sweep.ts'

type Client = Awaited<ReturnType<typeof addClient>>
const keyring = randomSecret()
const env = {
  CARDEA_ISSUER: 'http://localhost:4711',
  CARDEA_KEYRING: keyring,
  CARDEA_COOKIE_KEYS: randomSecret(),
  CARDEA_REFRESH_RETRY_WINDOW: '1',
}
let server: TestServer
let spa: Client, web: Client
let person: Person
/** A refresh token that each test copies, so that only one browser has to sign in. */
let template: string
beforeAll(async () => {
  server = await startTestServer({ instances: 2, env })
  spa = await addClient(server, { metadata: publicClient })
  web = await addClient(server)
  person = await addPerson(server)
  template = (await tokensFor(server, spa, person, { scope: 'openid offline_access', prompt: 'consent' }))
    .refresh_token
})
afterAll(() => server.stop())

async function rotate(token: string, at: Pick<TestServer, 'ask'> = server): Promise<Tokens> {
  const answer = await refresh(at, spa, token)
  if (answer.status !== 200) throw new Error(answer.text)
  return answer.json<Tokens>()
}

async function expectDead(token: string): Promise<void> {
  const answer = await refresh(server, spa, token)
  expect([answer.status, answer.json()['error']]).toEqual([400, 'invalid_grant'])
}

/** Lets time pass for a token that was rotated away. */
async function age(token: string, seconds: number): Promise<void> {
  await server.database.pool.query(
    `UPDATE tokens SET consumed_at = consumed_at - make_interval(secs => $2) WHERE digest = $1`,
    [digestOf(token), seconds],
  )
}

describe('the refresh token of a public client', () => {
  test('is replaced at each use, and only the newest leads on (RT-01, RFC 9700 §4.14.2)', async () => {
    const { refreshToken: r1 } = await copyOf(server, template)
    const second = await rotate(r1)
    const third = await rotate(second.refresh_token)
    expect(new Set([r1, second.refresh_token, third.refresh_token]).size).toBe(3)
    expect((await userinfo(server, third.access_token)).status).toBe(200)
  })

  test('used again after its retry window ends the family: successor, access tokens, everything (RT-01, ASVS 10.4.5)', async () => {
    const { refreshToken: r1, grantId } = await copyOf(server, template)
    const second = await rotate(r1)
    await age(r1, 1)
    await expectDead(r1)
    await expectDead(second.refresh_token)
    for (const instance of server.instances)
      expect((await userinfo(instance, second.access_token)).status).toBe(401)
    expect(await tokensOf(server, grantId)).toEqual({})
  })

  test('used again leaves an audit event that says why (RT-01)', async () => {
    const { refreshToken: r1, grantId } = await copyOf(server, template)
    await rotate(r1)
    await age(r1, 1)
    await expectDead(r1)
    const events = await server.database.prisma.auditEvent.findMany({
      where: { grantId, type: 'grant.revoked' },
    })
    expect(events).toMatchObject([
      {
        type: 'grant.revoked',
        userId: person.id,
        clientId: spa.id,
        detail: { reason: 'refresh_token_reused' },
      },
    ])
  })

  test('of any generation ends the family when it is used again (RT-01)', async () => {
    const { refreshToken: r1 } = await copyOf(server, template)
    const second = await rotate(r1)
    const third = await rotate(second.refresh_token)
    const fourth = await rotate(third.refresh_token)
    await age(r1, 1)
    await expectDead(r1)
    await expectDead(fourth.refresh_token)
    expect((await userinfo(server, fourth.access_token)).status).toBe(401)
  })

  test('ends no other family of the same user and client (RT-01)', async () => {
    const [{ refreshToken: stolen }, { refreshToken: other }] = [
      await copyOf(server, template),
      await copyOf(server, template),
    ]
    await rotate(stolen)
    await age(stolen, 1)
    await expectDead(stolen)
    expect((await refresh(server, spa, other)).status).toBe(200)
  })

  test('gives the same successor within its window, which retries do not lengthen (RT-01, RT-07)', async () => {
    const { refreshToken: r1 } = await copyOf(server, template)
    const began = performance.now()
    const { refresh_token: r2 } = await rotate(r1)
    const rotated = performance.now()
    do {
      const again = await refresh(server, spa, r1)
      // On a busy machine an answer may come too late to tell.
      if (performance.now() - began < 1000) expect(again.json()['refresh_token']).toBe(r2)
      await sleep(100)
    } while (performance.now() - began < 800)
    await sleep(Math.max(0, rotated + 1100 - performance.now()))
    await expectDead(r1)
    await expectDead(r2)
  })

  test('is refused after a restart as before it, and its successor lives on (RT-08, CVE-2026-9802)', async () => {
    const { refreshToken: r1 } = await copyOf(server, template)
    const { refresh_token: r2 } = await rotate(r1)
    await age(r1, 1)
    const restarted = await startTestServer({ env, databaseUrl: server.databaseUrl })
    try {
      const { refresh_token: r3 } = await rotate(r2, restarted)
      expect((await refresh(restarted, spa, r1)).status).toBe(400)
      expect((await refresh(restarted, spa, r3)).status).toBe(400)
    } finally {
      await restarted.stop()
    }
  })

  test('is recognised as used after everything expired was swept away (RT-09)', async () => {
    const { refreshToken: r1, grantId } = await copyOf(server, template)
    const second = await rotate(r1)
    await age(r1, 1)
    await server.database.pool.query(
      `UPDATE tokens SET expires_at = now() - interval '1 day' WHERE kind = 'AccessToken' AND grant_id = $1`,
      [grantId],
    )
    expect(await sweepOnce(server.database.prisma, oidcSweeps)).toBeGreaterThan(0)
    expect(await tokensOf(server, grantId)).toEqual({ RefreshToken: 2 })
    await expectDead(r1)
    await expectDead(second.refresh_token)
  })
})

describe('a refresh token in the wrong hands', () => {
  test('works for no other client, and nothing happens to its owner (RT-02, RFC 6749 §10.4, CVE-2026-16089)', async () => {
    const { refreshToken: r1 } = await copyOf(server, template)
    const stranger = await addClient(server, { metadata: publicClient })
    for (const client of [stranger, web]) {
      const answer = await refresh(server, client, r1)
      expect([answer.status, answer.json()['error']]).toEqual([400, 'invalid_grant'])
    }
    expect((await refresh(server, spa, r1)).status).toBe(200)
  })

  test('though used up is no weapon: another client cannot end the family with it (RT-02, CO-03)', async () => {
    const { refreshToken: r1 } = await copyOf(server, template)
    const { refresh_token: r2 } = await rotate(r1)
    const stranger = await addClient(server, { metadata: publicClient })
    expect((await refresh(server, stranger, r1)).status).toBe(400)
    await age(r1, 1)
    expect((await refresh(server, stranger, r1)).status).toBe(400)
    expect((await refresh(server, spa, r2)).status).toBe(200)
  })

  test('of a confidential client is worth nothing without its secret, and is not replaced (RT-02, RT-07)', async () => {
    const tokens = await tokensFor(server, web, person)
    const bare = await server.ask('/token', {
      body: { grant_type: 'refresh_token', refresh_token: tokens.refresh_token, client_id: web.id },
    })
    expect([bare.status, bare.json()['error']]).toEqual([401, 'invalid_client'])
    for (let round = 0; round < 3; round += 1) {
      const answer = await refresh(server, web, tokens.refresh_token)
      expect(answer.json()['refresh_token']).toBe(tokens.refresh_token)
    }
    expect(await isActive(server, web, tokens.access_token)).toBe(true)
  })
})

test('the successor kept for a retry opens only to whoever has the old token: not to the database with all our keys (RT-07)', async () => {
  const { refreshToken: r1, grantId } = await copyOf(server, template)
  const { refresh_token: r2 } = await rotate(r1)
  expect(await grantOf(server, r2)).toBe(grantId)
  const { successor } = await server.database.prisma.token.findFirstOrThrow({
    where: { digest: new Uint8Array(digestOf(r1)) },
  })
  const sealed = successor ?? ''
  const context = 'refresh-token-successor'
  expect(openFor(r1, sealed, context)).toBe(r2)

  const dump: string[] = []
  for (const table of ['tokens', 'grants', 'sessions', 'clients', 'users', 'signing_keys', 'audit_events']) {
    const { rows } = await server.database.pool.query<{ row: Record<string, unknown> }>(
      `SELECT to_jsonb(t) AS row FROM ${table} t`,
    )
    dump.push(...rows.flatMap(({ row }) => strings(row)))
  }
  expect(dump.join('\n')).not.toContain(r1)
  expect(dump.join('\n')).not.toContain(r2)
  const bytes = dump.filter((text) => text.startsWith('\\x')).map((text) => Buffer.from(text.slice(2), 'hex'))
  const guesses = [
    ...dump,
    keyring,
    ...bytes.flatMap((b) => [b.toString('base64url'), b.toString('hex'), b.toString('latin1')]),
  ]
  for (const guess of new Set(guesses)) expect(() => openFor(guess, sealed, context)).toThrow()
  const sealer = createSealer([Buffer.from(keyring, 'base64url')])
  expect(() => sealer.open(sealed, context)).toThrow()
})

function strings(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(strings) : []
}
