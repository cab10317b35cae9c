import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type pg from 'pg'
import { revoke } from '../../../src/oidc/index.ts'
import { basic } from '../../support/http-client.ts'
import { addClient, addPerson } from '../../support/people.ts'
import { startTestServer } from '../../support/server.ts'
import type { TestServer } from '../../support/server.ts'
import { askSilently } from '../../support/authorize.ts'
import { redeem, signIn } from '../../support/sign-in.ts'
import type { Tokens } from '../../support/sign-in.ts'
import { giveBack, introspect, userinfo } from '../../support/tokens.ts'

// What PostgreSQL thinks of our tables decides how it reads them, and of small ones it may think anything: it counts rows after fifty
// changes, and one with a single row for the whole server never has so many. Taking that row for two thousand, it once read all grants
// and all sessions for each refresh.
const GROWING = ['tokens', 'grants', 'sessions', 'interactions', 'audit_events', 'attempt_counters']

let server: TestServer
beforeAll(async () => (server = await startTestServer()))
afterAll(() => server.stop())

type Statement = { text: string; values: unknown[] }

/** Every statement that the work sends to the database, over connections that are open already. */
async function statementsOf(work: () => Promise<unknown>): Promise<Statement[]> {
  const seen = new Map<string, Statement>()
  const { _clients: clients } = server.database.pool as unknown as { _clients: pg.PoolClient[] }
  for (const client of clients) {
    const query = client.query.bind(client) as (...args: unknown[]) => unknown
    client.query = ((...args: unknown[]) => {
      const [asked, values] = args as [string | { text?: string; values?: unknown[] }, unknown[]?]
      const text = typeof asked === 'string' ? asked : (asked.text ?? '')
      const given = typeof asked === 'string' ? values : asked.values
      if (/^\s*(SELECT|WITH|INSERT|UPDATE|DELETE)/i.test(text)) seen.set(text, { text, values: given ?? [] })
      return query(...args)
    }) as typeof client.query
  }
  await work()
  return [...seen.values()]
}

/** As many rows as make reading them all dear, and a rough count of them. */
async function grow(): Promise<void> {
  const { pool } = server.database
  const rows = 'generate_series(1, 60000) n'
  const later = "now() + interval '1 hour'"
  await pool.query(
    `INSERT INTO grants (id, user_id, client_id, payload, expires_at)
     SELECT 'grant ' || n, gen_random_uuid(), g.client_id, g.payload, ${later} FROM ${rows}, (SELECT * FROM grants LIMIT 1) g`,
  )
  await pool.query(
    `INSERT INTO sessions (uid, digest, user_id, payload, expires_at)
     SELECT 'session ' || n, sha256(convert_to('session' || n, 'UTF8')), gen_random_uuid(), s.payload, ${later}
     FROM ${rows}, (SELECT * FROM sessions WHERE user_id IS NOT NULL LIMIT 1) s`,
  )
  await pool.query(
    `INSERT INTO tokens (digest, kind, grant_id, client_id, user_id, payload, expires_at)
     SELECT sha256(convert_to('token' || n, 'UTF8')), t.kind, 'grant ' || n, t.client_id, gen_random_uuid(), t.payload, ${later}
     FROM ${rows}, (SELECT * FROM tokens WHERE grant_id IS NOT NULL LIMIT 1) t`,
  )
  await pool.query(
    `INSERT INTO interactions (digest, client_id, payload, expires_at)
     SELECT sha256(convert_to('interaction' || n, 'UTF8')), 'web', '{}', ${later} FROM ${rows}`,
  )
  await pool.query(
    `INSERT INTO attempt_counters (key, failures, expires_at) SELECT 'counter ' || n, 1, ${later} FROM ${rows}`,
  )
  for (const table of GROWING) await pool.query(`ANALYZE ${table}`)
}

type Node = { 'Node Type': string; 'Relation Name'?: string; Plans?: Node[] }

function readAsAWhole(node: Node): string[] {
  const own = node['Node Type'] === 'Seq Scan' ? [node['Relation Name'] ?? ''] : []
  return [...own, ...(node.Plans ?? []).flatMap(readAsAWhole)].filter((table) => GROWING.includes(table))
}

test('no statement on the way of a sign-in, a token or a stop reads a growing table as a whole (FT-17)', async () => {
  const client = await addClient(server)
  const person = await addPerson(server)
  await signIn(server, client, person)
  await grow()
  const statements = await statementsOf(async () => {
    const sitting = await signIn(server, client, person, {
      scope: 'openid offline_access',
      prompt: 'consent',
    })
    const tokens = (await redeem(server, client, sitting)).json<Tokens>()
    await askSilently(sitting.agent, client)
    const body = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token }
    const refreshed = (
      await server.ask('/token', { body, headers: basic(client.id, client.secret) })
    ).json<Tokens>()
    expect((await userinfo(server, refreshed.access_token)).status).toBe(200)
    expect((await introspect(server, client, refreshed.access_token)).json()).toMatchObject({ active: true })
    expect((await giveBack(server, client, refreshed.refresh_token)).status).toBe(200)
    await server.database.transaction((tx) => revoke(tx, { userId: person.id }, { reason: 'test' }))
  })
  expect(statements.length).toBeGreaterThan(25)

  const planner = await server.database.pool.connect()
  const whole: string[] = []
  try {
    // The plan that a named statement gets sooner or later: for any values.
    await planner.query('SET plan_cache_mode = force_generic_plan')
    for (const [nth, { text, values }] of statements.entries()) {
      if (text.includes('graphile_worker')) continue
      await planner.query(`PREPARE asked_${nth} AS ${text}`)
      const given = values.length === 0 ? '' : `(${values.map(() => 'NULL').join(', ')})`
      const { rows } = await planner.query<{ 'QUERY PLAN': [{ Plan: Node }] }>(
        `EXPLAIN (FORMAT JSON) EXECUTE asked_${nth}${given}`,
      )
      const plan = rows[0]?.['QUERY PLAN'][0].Plan
      if (plan && readAsAWhole(plan).length > 0) whole.push(`${readAsAWhole(plan).join(', ')}: ${text}`)
    }
  } finally {
    planner.release(true)
  }
  expect(whole).toEqual([])
})
