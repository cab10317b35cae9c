import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { Registry } from 'prom-client'
import { record, sealAll, sealEvents } from '../../../src/audit/index.ts'
import { examineReceivers } from '../../../src/cli/doctor-receivers.ts'
import { createSealer } from '../../../src/crypto/index.ts'
import type { Database } from '../../../src/db/index.ts'
import { receiverMetrics } from '../../../src/http/receiver-metrics.ts'
import {
  createWebhookEndpoint,
  endpointsWithNews,
  noteRelayFailure,
  openRelay,
  receiverStatistics,
  receiversSweeps,
} from '../../../src/receivers/index.ts'
import { openTestDatabase } from '../../support/database.ts'
import { sweepOnce } from '../../support/sweep.ts'

const sealer = createSealer([randomBytes(32)])
const broker = { url: 'amqp://someone:secret@127.0.0.1', exchange: 'x', queue: null }
const audit = { retentionDays: 90 }
let database: Database
let close: () => Promise<void>
beforeEach(async () => {
  const made = await openTestDatabase({ poolMax: 4 })
  database = made.database
  close = made.close
})
afterEach(async () => {
  await close()
})

async function add(columns?: string): Promise<string> {
  const { endpoint } = await database.transaction((tx) =>
    createWebhookEndpoint({ tx, sealer }, { url: 'https://hooks.example/', eventTypes: ['*'], from: '0' }),
  )
  if (columns !== undefined)
    await database.pool.query(`UPDATE webhook_endpoints SET ${columns} WHERE id = $1`, [endpoint.id])
  return endpoint.id
}

async function metrics(): Promise<string> {
  const registry = new Registry()
  receiverMetrics(registry).observeReceivers(await receiverStatistics(database.prisma))
  return registry.metrics()
}

describe('how receivers do', () => {
  test('where there are none nothing is said', async () => {
    expect(await receiverStatistics(database.prisma)).toEqual({ webhooks: [], broker: null })
    expect(await examineReceivers(database, { broker: null, audit })).toEqual([])
  })

  test('a paused webhook is counted, and complained of with what to do', async () => {
    await add()
    await add('failing_since = now()')
    await add('disabled_at = now()')
    expect(await examineReceivers(database, { broker: null, audit })).toEqual([
      { what: 'webhooks', ok: true, said: '1 active, 1 failing' },
    ])
    const id = await add('failing_since = now(), paused_at = now()')
    expect(await examineReceivers(database, { broker: null, audit })).toEqual([
      expect.objectContaining({
        ...{ what: 'webhooks', ok: false, said: '1 active, 1 failing, 1 paused' },
        remedy: expect.stringContaining(`cardea webhooks resume ${id}`),
      }),
    ])
    const text = await metrics()
    for (const state of ['active', 'failing', 'paused'])
      expect(text).toContain(`webhook_endpoints{state="${state}"} 1`)
  })

  test('how far behind they are is the age of the oldest event that they have not heard', async () => {
    await add()
    await openRelay(database.prisma)
    await record(database.prisma, { type: 'user.updated' })
    await sealAll(database)
    await new Promise((resolve) => setTimeout(resolve, 1100))
    const { webhooks, broker: relay } = await receiverStatistics(database.prisma)
    for (const one of [webhooks[0], relay]) {
      expect(one?.lagSeconds).toBeGreaterThan(1)
      expect(one?.lagSeconds).toBeLessThan(60)
    }
    expect(await metrics()).toMatch(/^broker_lag_seconds [1-9]/m)
    await database.pool.query('UPDATE broker_relay SET cursor = (SELECT settled FROM audit_chain)')
    expect((await receiverStatistics(database.prisma)).broker?.lagSeconds).toBe(0)
  })

  test('they are behind as well while a transaction that is open keeps events from being told', async () => {
    await add()
    await openRelay(database.prisma)
    const forgotten = await database.pool.connect()
    await forgotten.query("BEGIN; INSERT INTO audit_events (type) VALUES ('user.created')")
    await database.pool.query(
      "INSERT INTO audit_events (type, at) VALUES ('user.disabled', now() - interval '2 hours')",
    )
    for (let turn = 0; turn < 4; turn += 1) await sealEvents(database)
    expect(await endpointsWithNews(database.prisma)).toEqual([])
    const { webhooks, broker: relay } = await receiverStatistics(database.prisma)
    for (const one of [webhooks[0], relay]) expect(one?.lagSeconds).toBeGreaterThanOrEqual(7200)
    expect(await examineReceivers(database, { broker, audit })).toContainEqual(
      expect.objectContaining({ what: 'broker', ok: false }),
    )
    await forgotten.query('ROLLBACK')
    forgotten.release()
  })

  test('a broker that cannot be told is complained of, with the reason and without its password', async () => {
    await openRelay(database.prisma)
    expect(await examineReceivers(database, { broker, audit })).toEqual([
      { what: 'broker', ok: true, said: '0 s behind' },
    ])
    await noteRelayFailure(database.prisma, { reason: 'denied', retryInSeconds: 5 })
    const [finding] = await examineReceivers(database, { broker, audit })
    expect(finding).toMatchObject({
      ok: false,
      said: expect.stringMatching(/since 20.*\(denied\), 0 s behind/),
    })
    expect(JSON.stringify(finding)).not.toContain('secret')
    expect(await metrics()).toContain('broker_failing 1')
  })

  test('attempts are forgotten after 30 days, in batches', async () => {
    const id = await add()
    await database.pool.query(
      `INSERT INTO webhook_deliveries (endpoint_id, message_id, event_type, duration_ms, at)
       SELECT $1, 'evt_' || n, 'user.updated', 1, now() - CASE WHEN n <= 600 THEN interval '31 days' ELSE interval '29 days' END
       FROM generate_series(1, 610) n`,
      [id],
    )
    expect(await sweepOnce(database.prisma, receiversSweeps, { limit: 500 })).toBe(500)
    expect(await sweepOnce(database.prisma, receiversSweeps, { limit: 500 })).toBe(100)
    expect(await sweepOnce(database.prisma, receiversSweeps, { limit: 500 })).toBe(0)
    expect(await database.prisma.webhookDelivery.count()).toBe(10)
  })

  test('whoever is so far behind that the audit is about to forget is complained of, and nobody is where events stay for good', async () => {
    const id = await add()
    await add('disabled_at = now()')
    await database.pool.query(
      "INSERT INTO audit_events (type, at) VALUES ('user.disabled', now() - interval '89 days')",
    )
    const late = async (retentionDays: number) =>
      (await examineReceivers(database, { broker: null, audit: { retentionDays } })).slice(1)
    expect(await late(92)).toEqual([])
    expect(await late(90)).toMatchObject([{ ok: false, said: `webhook ${id}` }])
    expect(await late(0)).toEqual([])
  })
})
