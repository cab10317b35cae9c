import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { startAdmin } from '../../support/admin.ts'
import type { AdminStage } from '../../support/admin.ts'

let stage: AdminStage

beforeAll(async () => {
  stage = await startAdmin({ instances: 2, perMinute: 10 })
})
afterAll(() => stage.stop())

test('each client has its own limit, counted over all instances (AD-16)', async () => {
  const one = stage.token({ clientId: 'one' })
  const answers = []
  for (let nth = 0; nth < 12; nth += 1)
    answers.push(await stage.ask('/v1/users', { token: one, instance: nth % 2 }))
  expect(answers.map(({ status }) => status)).toEqual([...Array<number>(10).fill(200), 429, 429])
  const last = answers.at(-1)
  expect(Number(last?.headers['retry-after'])).toBeGreaterThan(0)
  expect(Number(last?.headers['retry-after'])).toBeLessThanOrEqual(60)
  expect(answers[0]?.headers['ratelimit-policy']).toBe('"caller";q=10;w=60')
  expect(answers[0]?.headers['ratelimit']).toMatch(/^"caller";r=9;t=\d+$/)
  expect((await stage.ask('/v1/users', { token: stage.token({ clientId: 'two' }) })).status).toBe(200)
  // Another token of the same client is the same caller.
  expect((await stage.ask('/v1/users', { token: stage.token({ clientId: 'one' }) })).status).toBe(429)
})

test('requests at the same moment are counted one by one (AD-16)', async () => {
  const token = stage.token({ clientId: 'parallel' })
  const answers = await Promise.all(
    Array.from({ length: 40 }, (_, nth) => stage.ask('/v1/users', { token, instance: nth % 2 })),
  )
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(10)
})

test('the next minute is a new one (AD-16)', async () => {
  const token = stage.token({ clientId: 'later' })
  for (let nth = 0; nth < 11; nth += 1) await stage.ask('/v1/users', { token })
  await stage.database.prisma.$executeRaw`
    UPDATE admin_request_windows SET started_at = started_at - interval '61 seconds'`
  expect((await stage.ask('/v1/users', { token })).status).toBe(200)
})
