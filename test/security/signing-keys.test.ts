import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { calculateJwkThumbprint } from 'jose'
import type { JWK } from 'jose'
import { createSealer, randomSecret } from '../../src/crypto/index.ts'
import { checkSigningKeys, ensureSigningKeys } from '../../src/oidc/index.ts'
import { createTestDatabase } from '../support/database.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'

const env = {
  CARDEA_ISSUER: 'http://localhost:4713',
  CARDEA_KEYRING: randomSecret(),
  CARDEA_COOKIE_KEYS: randomSecret(),
}
let server: TestServer
beforeAll(async () => (server = await startTestServer({ instances: 2, env })))
afterAll(() => server.stop())

const published = async (at: Pick<TestServer, 'ask'> = server) =>
  (await at.ask('/jwks')).json<{ keys: JWK[] }>().keys

describe('the published keys', () => {
  test('are public: no private or symmetric member is among them (KY-01, RFC 7517 §9.2)', async () => {
    const keys = await published()
    expect(keys).toHaveLength(3)
    for (const key of keys) {
      expect(['RSA', 'EC', 'OKP']).toContain(key.kty)
      for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'])
        expect(key).not.toHaveProperty(member)
    }
  })

  test('say what they are for, and each has a name of its own, made from the key itself (KY-01, RFC 7638)', async () => {
    const keys = await published()
    expect(new Set(keys.map(({ kid }) => kid)).size).toBe(keys.length)
    expect(keys.map(({ alg }) => alg).toSorted()).toEqual(['ES256', 'EdDSA', 'RS256'])
    for (const key of keys) {
      expect(key.use).toBe('sig')
      expect(key.kid).toBe(await calculateJwkThumbprint(key))
      if (key.kty === 'RSA') expect(Buffer.from(key.n ?? '', 'base64url')).toHaveLength(256)
    }
  })

  test('are not the ones that everybody has with the library (KY-01)', async () => {
    const file = new URL('../../node_modules/oidc-provider/lib/consts/dev_keystore.js', import.meta.url)
    const development = readFileSync(file, 'utf8')
    expect(development).toContain('CHANGE-ME')
    for (const { kid, n, x } of await published())
      for (const member of [kid, n ?? x]) expect(development).not.toContain(member)
  })

  test('are the same on every instance, and after a restart (KY-01, FT-07)', async () => {
    const keys = await published()
    for (const instance of server.instances) expect(await published(instance)).toEqual(keys)
    const restarted = await startTestServer({ env, databaseUrl: server.databaseUrl })
    try {
      expect(await published(restarted)).toEqual(keys)
    } finally {
      await restarted.stop()
    }
  })
})

describe('the private keys', () => {
  test('are sealed in the database, each bound to its name (KY-01, MF-01)', async () => {
    const rows = await server.database.prisma.signingKey.findMany()
    const [one, other] = rows
    if (!one || !other) throw new Error('no keys')
    for (const row of rows) {
      expect(row.sealedPrivate).toMatch(/^v1\./)
      expect(JSON.stringify(row.publicJwk)).not.toContain('"d"')
      const jwk = JSON.parse(server.sealer.open(row.sealedPrivate, `signing_keys:${row.kid}`)) as JWK
      expect(JSON.stringify(rows)).not.toContain(jwk.d ?? 'no d')
    }
    expect(() => server.sealer.open(one.sealedPrivate, `signing_keys:${other.kid}`)).toThrow()
    expect(() =>
      createSealer([Buffer.alloc(32, 7)]).open(one.sealedPrivate, `signing_keys:${one.kid}`),
    ).toThrow()
  })

  test('are in no line of the log (KY-01)', async () => {
    const keys = await ensureSigningKeys(server)
    for (const { d } of keys) expect(server.log.join('\n')).not.toContain(d ?? 'no d')
  })

  test('are made once, however many instances start at one moment, and recorded (KY-01)', async () => {
    const { url, drop } = await createTestDatabase()
    const sealing = { CARDEA_KEYRING: randomSecret(), CARDEA_COOKIE_KEYS: randomSecret() }
    const [one, two] = await Promise.all([
      startTestServer({ databaseUrl: url, env: sealing }),
      startTestServer({ databaseUrl: url, env: sealing }),
    ])
    try {
      expect(await published(one)).toEqual(await published(two))
      expect(await one.database.prisma.auditEvent.count({ where: { type: 'signing_key.created' } })).toBe(3)
    } finally {
      await Promise.all([one.stop(), two.stop()])
      await drop()
    }
  })

  test('sealed under a key ring that is gone are noticed, not replaced (KY-01)', async () => {
    const sealer = createSealer([createHash('sha256').update('another').digest()])
    await expect(ensureSigningKeys({ database: server.database, sealer })).rejects.toThrow()
    const { usable, broken } = await checkSigningKeys({ database: server.database, sealer })
    expect([usable, broken.length]).toEqual([0, 3])
    expect(await server.database.prisma.signingKey.count()).toBe(3)
  })
})
