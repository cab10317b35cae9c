import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { decodeJwt } from 'jose'
import type { Db } from '../../../src/db/index.ts'
import { claimNotices, oidcSweeps } from '../../../src/oidc/index.ts'
import { send } from '../../support/http-client.ts'
import { startNoticeStage } from '../../support/notices.ts'
import { sweepOnce } from '../../support/sweep.ts'

let stage: Awaited<ReturnType<typeof startNoticeStage>>
beforeAll(async () => {
  stage = await startNoticeStage()
})
afterAll(() => stage.stop())
beforeEach(() => stage.clear())

describe('many notices', () => {
  test('of a relying party that hangs do not hold up those of others (FT-21)', async () => {
    const [hanging, healthy] = [await stage.addApp(), await stage.addApp()]
    stage.receiver.answer = (req, res) => {
      if (req.url !== hanging.path) res.end()
    }
    await stage.queue(hanging.id, 500, '1 hour')
    await stage.queue(healthy.id, 20)
    const began = performance.now()
    stage.deliver()
    await stage.receiver.until(20, healthy.path)
    // Two at a time, two and a half seconds each: behind them it would be ten minutes.
    expect(performance.now() - began).toBeLessThan(9000)
    await stage.receiver.until(2, hanging.path)
    await sleep(100)
    expect(stage.receiver.received.filter(({ path }) => path === hanging.path)).toHaveLength(2)
  })

  test('of a relying party that fails are not all thrown at it (FT-21)', async () => {
    const app = await stage.addApp()
    stage.receiver.answer = (_req, res) => res.writeHead(502).end()
    await stage.queue(app.id, 50)
    stage.deliver()
    await stage.receiver.until(2)
    await sleep(600)
    expect(stage.receiver.received).toHaveLength(2)
  })

  test('are delivered once each by two instances at once (FT-21)', async () => {
    const apps = [await stage.addApp(), await stage.addApp(), await stage.addApp(), await stage.addApp()]
    for (const app of apps) await stage.queue(app.id, 40)
    stage.deliver(2)
    const rows = await stage.when((all) => all.every(({ state }) => state === 'delivered'))
    expect(rows.every(({ attempts }) => attempts === 1)).toBe(true)
    const told = stage.receiver.received.map(
      ({ path, token }) => `${path} ${String(decodeJwt(token)['sid'])}`,
    )
    expect(told).toHaveLength(160)
    expect(new Set(told).size).toBe(160)
  })

  test('are never taken by two, even before the first has committed, and nobody waits for that (FT-21)', async () => {
    const app = await stage.addApp()
    await stage.queue(app.id, 6)
    const { prisma, transaction } = stage.server.database
    const take = (db: Db) => claimNotices(db, { clientId: app.id, limit: 2, leaseSeconds: 30 })
    const taken = await transaction(async (tx) => [await take(tx), await take(prisma), await take(prisma)])
    expect(taken.map((notices) => notices.length)).toEqual([2, 2, 2])
    expect(new Set(taken.flat().map(({ id }) => id)).size).toBe(6)
    expect(await take(prisma)).toEqual([])
  })

  test('whose bearer died in the middle go to another once the lease is over, not before (FT-21)', async () => {
    const app = await stage.addApp()
    await stage.queue(app.id, 1)
    await stage.server.database.pool.query(
      `UPDATE logout_notices SET attempts = 1, last_attempt_at = now(), next_attempt_at = now() + interval '700 ms'`,
    )
    stage.deliver(2)
    await sleep(300)
    expect(stage.receiver.received).toEqual([])
    const [row] = await stage.when(([one]) => one?.state === 'delivered')
    expect(row?.attempts).toBe(2)
    expect(stage.receiver.received).toHaveLength(1)
  })
})

test('stopping waits for what is being sent, and not for long (FT-08)', async () => {
  const app = await stage.addApp()
  stage.receiver.answer = () => undefined
  await stage.queue(app.id, 1)
  stage.deliver()
  await stage.receiver.until(1)
  const began = performance.now()
  await stage.stopDelivering()
  expect(performance.now() - began).toBeLessThan(5000)
  expect(await stage.notices()).toMatchObject([{ state: 'queued', lastError: 'timeout' }])
})

test('what waited a day is given up, and what was settled a month ago is forgotten (FT-21)', async () => {
  await stage.queue('some', 2, '25 hours')
  await stage.queue('others', 2, '31 days')
  await stage.server.database.pool.query(
    `UPDATE logout_notices SET state = 'delivered' WHERE client_id = 'others'`,
  )
  await stage.queue('new', 1, '23 hours')
  await sweepOnce(stage.server.database.prisma, oidcSweeps)
  const rows = await stage.notices()
  expect(rows.filter(({ clientId }) => clientId === 'some').map((row) => [row.state, row.lastError])).toEqual(
    [
      ['failed', 'expired'],
      ['failed', 'expired'],
    ],
  )
  expect(rows.map(({ clientId }) => clientId).toSorted()).toEqual(['new', 'some', 'some'])
})

test('outcomes, and how long the queue is, are told as metrics (FT-21)', async () => {
  const app = await stage.addApp()
  await stage.queue(app.id, 3, '1 minute')
  stage.deliver()
  await stage.receiver.until(3)
  await stage.when((rows) => rows.every(({ state }) => state === 'delivered'))
  const { opsPort } = stage.server.instances[0] ?? { opsPort: 0 }
  const { text } = await send({ port: opsPort, host: `127.0.0.1:${opsPort}` }, '/metrics')
  expect(Number(/logout_notices_total\{outcome="delivered"\} (\d+)/.exec(text)?.[1])).toBeGreaterThanOrEqual(
    3,
  )
  expect(text).toMatch(/logout_notices_total\{outcome="retried"\} \d+/)
  expect(text).toMatch(/^logout_notices_waiting 3$/m)
  expect(Number(/^logout_notices_oldest_seconds ([\d.]+)$/m.exec(text)?.[1])).toBeGreaterThan(59)
})
