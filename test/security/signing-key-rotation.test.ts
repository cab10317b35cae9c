import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import type { JSONWebKeySet } from 'jose'
import { listSigningKeys, retireSigningKey, rotateSigningKey } from '../../src/oidc/index.ts'
import type { SigningAlg, StoredSigningKey } from '../../src/oidc/index.ts'
import { shutDatabase } from '../support/outage.ts'
import { addApi, addClient, machineClient } from '../support/people.ts'
import { askToken } from '../support/sign-in.ts'
import type { Tokens } from '../support/sign-in.ts'
import { startTestServer } from '../support/server.ts'
import type { Instance, TestServer } from '../support/server.ts'

const API = 'https://api.example/'
const WATCH_MS = 100
let server: TestServer
let machine: Awaited<ReturnType<typeof addClient>>
beforeAll(async () => {
  server = await startTestServer({ instances: 2, keysEveryMs: WATCH_MS })
  machine = await addClient(server, { metadata: machineClient })
  await addApi(server, { format: 'jwt' })
})
afterAll(() => server.stop())

const instance = (nth: number) => server.instances[nth % 2] as Instance

async function jwtFrom(at: Instance): Promise<string> {
  const answer = await askToken(at, machine, {
    grant_type: 'client_credentials',
    resource: API,
  })
  expect(answer.status).toBe(200)
  return answer.json<Tokens>().access_token
}

async function publishedBy(at: Instance): Promise<JSONWebKeySet> {
  return (await at.ask('/jwks')).json<JSONWebKeySet>()
}

async function verifiedBy(at: Instance, token: string): Promise<string> {
  const { protectedHeader } = await jwtVerify(token, createLocalJWKSet(await publishedBy(at)), {
    audience: API,
  })
  return String(protectedHeader.kid)
}

const keys = (alg: string) =>
  listSigningKeys(server.database.prisma).then((all) => all.filter((key) => key.alg === alg))

const rotate = (input: { alg: SigningAlg; activateInSeconds?: number; hurry?: boolean }) =>
  server.database.transaction((tx) => rotateSigningKey(tx, server.sealer, { ...input, signedSeconds: 600 }))

const retire = (kid: string, replace = false) =>
  server.database.transaction((tx) =>
    retireSigningKey(tx, server.sealer, { kid, replace, reason: 'compromised' }),
  )

/** Until this is so on both instances. */
async function untilBoth(isSo: (published: string[]) => boolean): Promise<void> {
  const deadline = Date.now() + 5000
  for (;;) {
    const sets = await Promise.all(server.instances.map(publishedBy))
    if (sets.every((set) => isSo(set.keys.map(({ kid }) => String(kid))))) return
    if (Date.now() > deadline) throw new Error('the instances did not follow')
    await sleep(20)
  }
}

async function activeKey(alg: string): Promise<StoredSigningKey> {
  const active = (await keys(alg)).filter(({ state }) => state === 'active')
  expect(active).toHaveLength(1)
  return active[0] as StoredSigningKey
}

describe('a rotation', () => {
  test('under load fails no verification on either instance, and what was signed before stays good (KY-03)', async () => {
    const before = await activeKey('ES256')
    const old = await jwtFrom(instance(0))
    /** By key, when it was first seen to have signed. */
    const seen = new Map<string, number>()
    const stop = new AbortController()
    let verified = 0
    const worker = async (nth: number) => {
      while (!stop.signal.aborted) {
        const token = await jwtFrom(instance(nth))
        // Each token is checked against what the other instance publishes at this very moment.
        const kid = await verifiedBy(instance(nth + 1), token)
        if (!seen.has(kid)) seen.set(kid, Date.now())
        verified += 1
      }
    }
    const load = Promise.all(Array.from({ length: 8 }, (_, nth) => worker(nth)))
    const rotated = await rotate({ alg: 'ES256', activateInSeconds: 2 })
    expect(rotated).toMatchObject({ ok: true, key: { state: 'announced' } })
    await sleep(4000)
    stop.abort()
    await load
    expect([...seen.keys()].sort()).toEqual([before.kid, rotated.key.kid].sort())
    expect(verified).toBeGreaterThan(30)
    // Published before it signs: not one token came early.
    expect(seen.get(rotated.key.kid)).toBeGreaterThanOrEqual(+rotated.key.activateAt)
    expect(decodeProtectedHeader(await jwtFrom(instance(0))).kid).toBe(rotated.key.kid)
    for (const at of server.instances) expect(await verifiedBy(at, old)).toBe(before.kid)
    const [now, then] = await keys('ES256')
    expect([now?.state, then?.state]).toEqual(['active', 'retiring'])
    expect(+(then?.retireAt ?? 0) - +(now?.activateAt ?? 0)).toBe(660_000)
  })

  test('is one, however often it is asked for at once (KY-03)', async () => {
    const before = await keys('EdDSA')
    const outcomes = await Promise.all([1, 2, 3, 4].map(() => rotate({ alg: 'EdDSA' })))
    expect(outcomes.filter(({ ok }) => ok)).toHaveLength(1)
    expect(new Set(outcomes.map(({ key }) => key.kid)).size).toBe(1)
    expect(await keys('EdDSA')).toHaveLength(before.length + 1)
    const [announced] = await keys('EdDSA')
    expect(+(announced?.activateAt ?? 0) - Date.now()).toBeGreaterThan(590_000)
  })

  test('that is hurried brings the announced key forward, and still publishes it first (KY-03)', async () => {
    const [announced] = await keys('EdDSA')
    const hurried = await rotate({ alg: 'EdDSA', hurry: true })
    expect(hurried).toMatchObject({ ok: true, key: { kid: announced?.kid, state: 'announced' } })
    const ahead = +hurried.key.activateAt - Date.now()
    expect(ahead).toBeGreaterThan(3 * 4000)
    expect(ahead).toBeLessThan(16_000)
  })

  test('keeps the old key as long as the longest-lived JWT that an operator allowed (KY-03)', async () => {
    const identifier = 'https://slow.example/'
    await addApi(server, { identifier, format: 'jwt' })
    await server.database.prisma.resourceServer.update({
      where: { identifier },
      data: { accessTokenTtl: 3600 },
    })
    const rotated = await rotate({ alg: 'ES256' })
    const replaced = (await keys('ES256')).find(({ state }) => state === 'active')
    expect(+(replaced?.retireAt ?? 0) - +rotated.key.activateAt).toBe(3_660_000)
    await server.database.prisma.resourceServer.delete({ where: { identifier } })
    await retire(rotated.key.kid)
  })
})

describe('retiring a key', () => {
  test('that is only announced calls the rotation off: the one that signs stays without an end (KY-03)', async () => {
    const before = await activeKey('RS256')
    const rotated = await rotate({ alg: 'RS256' })
    expect((await activeKey('RS256')).retireAt).not.toBeNull()
    await untilBoth((kids) => kids.includes(rotated.key.kid))
    await retire(rotated.key.kid)
    await untilBoth((kids) => !kids.includes(rotated.key.kid))
    expect(await activeKey('RS256')).toEqual({ ...before, retireAt: null })
  })

  test('that is the only one to sign is refused (AD-05)', async () => {
    const { kid } = await activeKey('RS256')
    expect(await retire(kid)).toEqual({ ok: false, reason: 'last_active' })
    expect((await activeKey('RS256')).kid).toBe(kid)
    await untilBoth((kids) => kids.includes(kid))
  })

  test('with a replacement takes it from every instance within seconds, and nothing it signed verifies any more (KY-03)', async () => {
    const { kid } = await activeKey('ES256')
    const stolen = await jwtFrom(instance(0))
    expect(decodeProtectedHeader(stolen).kid).toBe(kid)
    expect(await retire(kid, true)).toMatchObject({ ok: true, key: { state: 'retired' } })
    await untilBoth((kids) => !kids.includes(kid))
    for (const at of server.instances) await expect(verifiedBy(at, stolen)).rejects.toThrow()
    const next = await jwtFrom(instance(1))
    expect(await verifiedBy(instance(0), next)).toBe((await activeKey('ES256')).kid)
  })

  test('lets the announced one take over at once, and is recorded (KY-03)', async () => {
    const { kid } = await activeKey('ES256')
    const rotated = await rotate({ alg: 'ES256' })
    expect(await retire(kid)).toMatchObject({ ok: true })
    expect((await activeKey('ES256')).kid).toBe(rotated.key.kid)
    const events = await server.database.prisma.auditEvent.findMany({
      where: { type: { startsWith: 'signing_key.' } },
      orderBy: { id: 'desc' },
      take: 2,
    })
    expect(events.map(({ type }) => type).sort()).toEqual(['signing_key.activated', 'signing_key.retired'])
  })

  test('erases its private part: not even the key ring opens it again (KY-01)', async () => {
    const rows = await server.database.prisma.signingKey.findMany({ where: { retiredAt: { not: null } } })
    expect(rows.length).toBeGreaterThan(0)
    for (const { sealedPrivate } of rows) expect(sealedPrivate).toBe('')
  })

  test('twice is retiring it once; one that never was is not found', async () => {
    const retired = (await keys('ES256')).find(({ state }) => state === 'retired')
    const count = () => server.database.prisma.auditEvent.count({ where: { type: 'signing_key.retired' } })
    const before = await count()
    expect(await retire(retired?.kid ?? '')).toMatchObject({
      ok: true,
      key: { retiredAt: retired?.retiredAt },
    })
    expect(await retire('unknown')).toEqual({ ok: false, reason: 'not_found' })
    expect(await count()).toBe(before)
  })
})

test('a key whose planned end has come leaves every instance by itself, is erased and recorded once (KY-03)', async () => {
  const [active, retiring] = await keys('EdDSA').then((all) => [
    all.find(({ state }) => state === 'active'),
    all.find(({ state }) => state === 'announced'),
  ])
  await server.database.pool.query('UPDATE signing_keys SET activate_at = clock_timestamp() WHERE kid = $1', [
    retiring?.kid,
  ])
  await server.database.pool.query(
    "UPDATE signing_keys SET retire_at = clock_timestamp() + interval '300 milliseconds' WHERE kid = $1",
    [active?.kid],
  )
  await untilBoth((kids) => !kids.includes(String(active?.kid)))
  await sleep(4 * WATCH_MS)
  const row = await server.database.prisma.signingKey.findUniqueOrThrow({
    where: { kid: String(active?.kid) },
  })
  expect([row.sealedPrivate, row.retiredAt]).toEqual(['', row.retireAt])
  const events = await server.database.prisma.auditEvent.findMany({ where: { type: 'signing_key.retired' } })
  const told = events.filter(({ detail }) => (detail as { kid: string }).kid === active?.kid)
  expect(told).toHaveLength(1)
  expect(told[0]).toMatchObject({ actorVia: 'system', detail: { reason: 'rotated' } })
})

test('an instance that could not look goes on with the keys it has, says so, and follows once it can (KY-03, FT-03)', async () => {
  const lonely = await startTestServer({ keysEveryMs: WATCH_MS })
  try {
    const outage = await shutDatabase(lonely)
    await sleep(5 * WATCH_MS)
    await outage.restore()
    expect(lonely.log.join('\n')).toContain('looking for changed signing keys failed')
    const rotated = await lonely.database.transaction((tx) =>
      rotateSigningKey(tx, lonely.sealer, { alg: 'RS256', signedSeconds: 600 }),
    )
    const deadline = Date.now() + 5000
    const kids = async () => (await lonely.ask('/jwks')).json<JSONWebKeySet>().keys.map(({ kid }) => kid)
    while (!(await kids()).includes(rotated.key.kid) && Date.now() < deadline) await sleep(50)
    expect(await kids()).toHaveLength(4)
  } finally {
    await lonely.stop()
  }
})
