import { createHash, generateKeyPairSync } from 'node:crypto'
import { checkpointSigner, record, sealAll, signCheckpoint, verifyChain } from '../../../src/audit/index.ts'
import type { AuditEventInput, FindKey, Verification } from '../../../src/audit/index.ts'
import { createSealer, parseKeyring, randomSecret } from '../../../src/crypto/index.ts'
import type { Sealer } from '../../../src/crypto/index.ts'
import { connectDatabase } from '../../../src/db/index.ts'
import type { Database } from '../../../src/db/index.ts'
import { createTestDatabase } from '../../support/database.ts'

/** An audit room on a database of its own, seen by two instances. */
export type AuditRoom = {
  url: string
  databases: readonly [Database, Database]
  database: Database
  sign: ReturnType<typeof checkpointSigner>
  findKey: FindKey
  sealer: Sealer
  /** Records so many events of one type, and seals and signs them. */
  fill(count: number, event?: Partial<AuditEventInput>): Promise<void>
  verify(): Promise<Verification>
  /** What somebody does who may do anything in the database: no trigger stops them. */
  tamper(sql: string, values?: unknown[]): Promise<void>
  close(): Promise<void>
}

export async function openAuditRoom(): Promise<AuditRoom> {
  const testDatabase = await createTestDatabase()
  const connect = () =>
    connectDatabase({
      url: testDatabase.url,
      poolMax: 6,
      connectTimeoutMs: 10_000,
      statementTimeoutMs: 10_000,
      lockTimeoutMs: 10_000,
      idleInTransactionTimeoutMs: 10_000,
    })
  const databases = [connect(), connect()] as const
  const [database] = databases
  const own = newKey()
  const sign = checkpointSigner([own.privateJwk])
  const findKey: FindKey = (kid) => (kid === own.kid ? { jwk: own.publicJwk, proven: true } : null)
  const sealer = createSealer(parseKeyring(randomSecret()))
  return {
    ...{ url: testDatabase.url, databases, database, sign, findKey, sealer },
    async fill(count, event = {}) {
      for (let n = 0; n < count; n += 1)
        await record(database.prisma, { type: 'user.created', detail: { n }, ...event })
      await sealAll(database)
      await signCheckpoint(database, sign, { always: true })
    },
    // Small batches, so that their seams are walked over too.
    verify: () => verifyChain(database, { findKey, sealer, batch: 7 }),
    async tamper(sql, values = []) {
      const client = await database.pool.connect()
      await client.query("SET session_replication_role = 'replica'")
      await client.query(sql, values)
      client.release(true)
    },
    async close() {
      await Promise.all(databases.map((one) => one.close()))
      await testDatabase.drop()
    },
  }
}

/** A signing key with its id, the thumbprint that every signing key goes by. */
export function newKey() {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const publicJwk = publicKey.export({ format: 'jwk' })
  const { crv, kty, x, y } = publicJwk
  const kid = createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url')
  return { kid, publicJwk, privateJwk: { ...privateKey.export({ format: 'jwk' }), kid, alg: 'ES256' } }
}
