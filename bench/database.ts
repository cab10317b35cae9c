import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import pg from 'pg'
import { createClient, createResourceServer } from '../src/clients/index.ts'
import { connectDatabase, migrate, startEmbeddedPostgres } from '../src/db/index.ts'
import { createPasswordHasher, createUser } from '../src/users/index.ts'
import { API, CLIENTS, PERSON, SECRET } from './cast.ts'

export type BenchDatabase = {
  url: string
  version: string
  /** Bytes of write-ahead log written so far, by all connections. */
  walBytes(): Promise<number>
  stop(): Promise<void>
}

/** A PostgreSQL of our own in a temporary folder, durable as in production, with the cast in it; `stop` leaves nothing behind. */
export async function startBenchDatabase(): Promise<BenchDatabase> {
  const dir = await mkdtemp(path.join(tmpdir(), 'cardea-bench-'))
  const remove = () => rm(dir, { recursive: true, force: true })
  try {
    const server = await startEmbeddedPostgres({ dir, fsync: true })
    const client = new pg.Client({ connectionString: server.url })
    await client.connect()
    await migrate(server.url)
    await seed(server.url)
    const { rows } = await client.query<{ server_version: string }>('SHOW server_version')
    return {
      url: server.url,
      version: rows[0]?.server_version ?? 'unknown',
      async walBytes() {
        const wal = "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8 AS bytes"
        return (await client.query<{ bytes: number }>(wal)).rows[0]?.bytes ?? NaN
      },
      async stop() {
        await client.end()
        await server.stop()
        await remove()
      },
    }
  } catch (error) {
    await remove()
    throw error
  }
}

async function seed(url: string): Promise<void> {
  const timeouts = { connectTimeoutMs: 5000, statementTimeoutMs: 5000, lockTimeoutMs: 5000 }
  const database = connectDatabase({ url, poolMax: 2, ...timeouts, idleInTransactionTimeoutMs: 5000 })
  try {
    const { password, ...person } = PERSON
    const passwordHash = await createPasswordHasher().hash(password)
    const user = await createUser(database.prisma, { ...person, passwordHash, emailVerified: true })
    if (!user.ok) throw new Error(user.reason)
    for (const [id, metadata] of Object.entries(CLIENTS)) {
      const made = await createClient(database.prisma, {
        id,
        name: id,
        metadata,
        secret: SECRET,
        firstParty: true,
      })
      if (!made.ok) throw new Error(JSON.stringify(made))
    }
    await createResourceServer(database.prisma, {
      identifier: API.identifier,
      name: 'Orders',
      scopes: [{ name: API.scope, description: 'See your orders' }],
      accessTokenFormat: 'jwt',
      accessTokenTtlSeconds: API.ttlSeconds,
    })
  } finally {
    await database.close()
  }
}
