import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { noticesOfClient, retryNotices } from '../../../src/oidc/index.ts'
import { startNoticeStage } from '../../support/notices.ts'

let stage: Awaited<ReturnType<typeof startNoticeStage>>
beforeAll(async () => {
  stage = await startNoticeStage()
})
afterAll(() => stage.stop())

test('a notice that was given up is kept, shown under its client, and told when an operator says so (FT-21, LO-03)', async () => {
  const { database } = stage.server
  const [app, other] = [await stage.addApp(), await stage.addApp()]
  await stage.queue(app.id, 2, '3 days')
  await stage.queue(other.id, 1, '3 days')
  await database.pool.query(
    "UPDATE logout_notices SET state = 'failed', attempts = 14, last_error = 'timeout'",
  )
  const failed = await noticesOfClient(database.prisma, { clientId: app.id, state: 'failed', limit: 10 })
  expect(failed).toHaveLength(2)
  expect(failed[0]).toMatchObject({
    userId: stage.person.id,
    attempts: 14,
    lastError: 'timeout',
    deliveredAt: null,
  })

  stage.deliver()
  expect(await database.transaction((tx) => retryNotices(tx, app.id))).toBe(2)
  await stage.when((rows) => rows.filter(({ state }) => state === 'delivered').length === 2)
  expect(stage.receiver.received.map(({ path }) => path)).toEqual([app.path, app.path])
  expect(
    await noticesOfClient(database.prisma, { clientId: other.id, state: 'failed', limit: 10 }),
  ).toHaveLength(1)
  expect(await database.transaction((tx) => retryNotices(tx, app.id))).toBe(0)
})

test('the list goes on behind a notice, and behind what is none shows nothing', async () => {
  const app = await stage.addApp()
  await stage.queue(app.id, 3)
  const page = (before?: string) =>
    noticesOfClient(stage.server.database.prisma, { clientId: app.id, before, limit: 2 })
  const first = await page()
  expect(first).toHaveLength(2)
  expect(await page(first.at(-1)?.id)).toHaveLength(1)
  expect(await page('nonsense')).toEqual([])
})
