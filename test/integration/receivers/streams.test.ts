import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { sealAll } from '../../../src/audit/index.ts'
import { examineReceivers } from '../../../src/cli/doctor-receivers.ts'
import { SIGNALS_SCOPES } from '../../../src/clients/index.ts'
import type { Database } from '../../../src/db/index.ts'
import { addEvents, countStreams, MOST_WAITING, streamsWithNews } from '../../../src/receivers/index.ts'
import { openTestDatabase } from '../../support/database.ts'

const ids = { client: 'receiver', stream: randomUUID() }
let database: Database
let close: () => Promise<void>
beforeEach(async () => {
  const made = await openTestDatabase({ poolMax: 4 })
  database = made.database
  close = made.close
  const { pool } = database
  await pool.query(
    `INSERT INTO clients (id, name, metadata, updated_at) VALUES ($1, 'r', '{"scope":"ssf.read"}', now())`,
    [ids.client],
  )
  await pool.query(
    `INSERT INTO ssf_streams (id, client_id, method, status, default_subjects, events_requested, cursor, next_attempt_at, updated_at)
     VALUES ($1, $2, 'poll', 'enabled', 'ALL', ARRAY['x'], 0, now(), now())`,
    [ids.stream, ids.client],
  )
  await pool.query(
    "INSERT INTO audit_events (type, at) SELECT 'user.disabled', now() - interval '10 days' FROM generate_series(1, 5)",
  )
  await sealAll(database)
})
afterEach(async () => {
  await close()
})

async function oldest(): Promise<number> {
  return Math.max(...(await countStreams(database.prisma, SIGNALS_SCOPES)).map((one) => one.oldestSeconds))
}

const examine = () => examineReceivers(database, { broker: null, audit: { retentionDays: 0 } })
const TEN_DAYS = 10 * 86_400

describe('how a polled stream does', () => {
  test('one for which nothing was looked at for days is seen, and complained of with what to do', async () => {
    expect(await oldest()).toBeGreaterThanOrEqual(TEN_DAYS)
    expect(await examine()).toEqual([
      {
        ...{ what: 'streams', ok: false, said: '1 enabled (poll); events wait: poll for 240 h' },
        remedy: expect.stringContaining('cardea streams list'),
      },
    ])
    await database.pool.query('UPDATE ssf_streams SET cursor = (SELECT settled FROM audit_chain)')
    expect(await oldest()).toBe(0)
    expect(await examine()).toEqual([{ what: 'streams', ok: true, said: '1 enabled (poll)' }])
  })

  test.each([
    ['it is paused', "UPDATE ssf_streams SET status = 'paused'"],
    ['its client is disabled', 'UPDATE clients SET disabled_at = now()'],
    ['its client has lost the scope', "UPDATE clients SET metadata = '{}'"],
  ])('it is not behind while %s', async (_why, sql) => {
    await database.pool.query(sql)
    expect(await oldest()).toBe(0)
    expect(await examine()).toMatchObject([{ what: 'streams', ok: true }])
  })

  test('there is something to be done for it while there is room for what happened', async () => {
    const { prisma } = database
    expect(await streamsWithNews(prisma, SIGNALS_SCOPES)).toEqual([ids.stream])
    const event = { type: 'x', subject: {}, event: {}, toe: new Date() }
    await database.transaction((tx) =>
      addEvents(
        tx,
        ids.stream,
        Array.from({ length: MOST_WAITING }, () => event),
      ),
    )
    expect(await streamsWithNews(prisma, SIGNALS_SCOPES)).toEqual([])
    await prisma.ssfEvent.deleteMany({})
    await database.pool.query('UPDATE ssf_streams SET cursor = (SELECT settled FROM audit_chain)')
    expect(await streamsWithNews(prisma, SIGNALS_SCOPES)).toEqual([])
  })
})
