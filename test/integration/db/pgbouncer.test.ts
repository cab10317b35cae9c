import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Database } from '../../../src/db/index.ts'
import { createTestDatabase } from '../../support/database.ts'
import { addClient, addPerson, publicClient } from '../../support/people.ts'
import { pgbouncer, startPgBouncer } from '../../support/pgbouncer.ts'
import { productionEnv, spawnServer } from '../../support/server-process.ts'
import { startTestServer } from '../../support/server.ts'
import { refresh, tokensFor } from '../../support/sign-in.ts'
import { connect, failureOf } from './connection.ts'

// A path without it is told plainly: the package is called pgbouncer.
const where = pgbouncer === null ? describe.skip : describe

where('behind a PgBouncer that lends connections by transaction (apt-get install pgbouncer)', () => {
  let direct: Awaited<ReturnType<typeof createTestDatabase>>
  let bouncer: Awaited<ReturnType<typeof startPgBouncer>>
  let env: Record<string, string>
  beforeAll(async () => {
    direct = await createTestDatabase()
    bouncer = await startPgBouncer(direct.url)
    env = { ...(await productionEnv(bouncer.url)), CARDEA_DIRECT_DATABASE_URL: direct.url }
  })
  afterAll(async () => {
    await bouncer.stop()
    await direct.drop()
  })

  /** Many at once, each wherever the pooler finds room. */
  const named = (database: Database) =>
    Promise.all(
      Array.from({ length: 60 }, (_, nth) =>
        database.pool.query<{ nth: number }>({
          ...{ name: `statement ${nth % 7}`, text: `SELECT $1::int AS nth, pg_sleep(0.01), ${nth % 7}` },
          values: [nth],
        }),
      ),
    )

  test('named statements find their connection, whichever it is', async () => {
    const database = connect(bouncer.url, { poolMax: 16, lentByTransaction: true, statementTimeoutMs: 3000 })
    const rows = await named(database)
    expect(rows.map(({ rows: [row] }) => row?.nth)).toEqual(rows.map((_row, nth) => nth))
    const turns = Array.from({ length: 20 }, () =>
      database.transaction((tx) => tx.$queryRaw<{ one: number }[]>`SELECT 1 AS one`),
    )
    expect((await Promise.all(turns)).flat()).toHaveLength(20)
    await database.close()
  })

  test('the limits of the server are set by the pooler (FT-03)', async () => {
    const database = connect(bouncer.url, { lentByTransaction: true, statementTimeoutMs: 10_000 })
    const failure = await failureOf(() => database.pool.query('SELECT pg_sleep(30)'))
    expect(failure).toMatchObject({ trouble: true, error: { code: '57014' } })
    const { rows } = await database.pool.query<{ lock: string; idle: string }>(
      `SELECT current_setting('lock_timeout') AS lock, current_setting('idle_in_transaction_session_timeout') AS idle`,
    )
    expect(rows).toEqual([{ lock: '2s', idle: '6s' }])
    await database.close()
  })

  test('people sign in, tokens rotate, on two instances', async () => {
    const server = await startTestServer({ instances: 2, databaseUrl: bouncer.url, env })
    const person = await addPerson(server)
    const clients = await Promise.all([addClient(server), addClient(server, { metadata: publicClient })])
    for (const client of [...clients, ...clients, ...clients]) {
      const { refresh_token } = await tokensFor(server, client, person)
      expect((await refresh(server, client, refresh_token)).status).toBe(200)
    }
    expect(server.log.filter((line) => /"level":(40|50|60)/.test(line))).toEqual([])
    await server.stop()
  })

  test('the process brings the schema up to date past the pooler, and is ready', async () => {
    const server = await spawnServer(env)
    await server.ready()
    expect(server.output()).not.toContain('"missing"')
    server.kill('SIGTERM')
    expect(await server.exited).toEqual({ code: 0, signal: null })
  })

  test('a pooler that sets no limits is complained of in the log (FT-03)', async () => {
    const lenient = await startPgBouncer(direct.url, { limits: false })
    const server = await spawnServer({ ...env, DATABASE_URL: lenient.url })
    await server.ready()
    expect(server.output()).toMatch(
      /"level":40.*"missing":\["statement_timeout","lock_timeout","idle_in_transaction_session_timeout"\]/,
    )
    await server.stop()
    await lenient.stop()
  }, 90_000)
})
