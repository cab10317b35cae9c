import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { z } from 'zod'
import type { Database } from '../../../src/db/index.ts'
import {
  defineTask,
  enqueue,
  expectTurn,
  listJobs,
  performRounds,
  startWorker,
} from '../../../src/queue/index.ts'
import { openTestDatabase } from '../../support/database.ts'

const ring = defineTask('ring', z.strictObject({ lane: z.string() }))

let database: Database
let close: () => Promise<void>
let stop: (() => Promise<void>) | undefined

beforeEach(async () => {
  const made = await openTestDatabase({ poolMax: 8 })
  database = made.database
  close = made.close
})
afterEach(async () => {
  await stop?.()
  await close()
})

test('a receiver that never comes to an end leaves its hand to the others, and gets it back', async () => {
  const delivered: string[] = []
  let brief = 0
  const work = performRounds<string>(database.prisma, {
    task: ring,
    ...{ lanes: 1, perLane: 1 },
    // One has always more to deliver, each of them slowly; the others have one each.
    claim: (lane) => {
      if (lane === 'slow') return Promise.resolve([lane])
      brief += 1
      return Promise.resolve(delivered.includes(lane) ? [] : [lane])
    },
    deliver: async (lane) => {
      if (lane === 'slow') await sleep(200)
      delivered.push(lane)
      return 0
    },
    nextDue: (lane) => Promise.resolve(lane === 'slow' ? 0 : null),
    dueLanes: () => Promise.resolve([]),
  })
  stop = startWorker({
    ...{ pool: database.pool, work: [work], concurrency: 4, pollMs: 100, graceMs: 500 },
    onFailure: () => undefined,
    onTrouble: () => undefined,
  })
  await enqueue(database.prisma, ring, { lane: 'slow' })
  while (!delivered.includes('slow')) await sleep(20)
  await enqueue(database.prisma, ring, { lane: 'one' })
  await enqueue(database.prisma, ring, { lane: 'two' })
  // As sign-outs do, which ring for everyone again and again.
  const end = Date.now() + 13_000
  while (Date.now() < end && !(delivered.includes('one') && delivered.includes('two'))) {
    await enqueue(database.prisma, ring, { lane: 'slow' })
    await sleep(100)
  }
  expect(delivered).toEqual(expect.arrayContaining(['one', 'two']))
  expect(brief).toBeGreaterThan(0)
  const before = delivered.length
  for (const late = Date.now() + 20_000; Date.now() < late && delivered.length === before;) await sleep(50)
  expect(delivered.slice(before)).toContain('slow')
}, 60_000)

test('a round that failed for good stays until the next of its own lane is planned, whatever others plan', async () => {
  await enqueue(database.prisma, ring, { lane: 'one' })
  await database.pool.query('UPDATE graphile_worker._private_jobs SET attempts = max_attempts')
  const planned = (lane: string) => expectTurn(database.prisma, ring, { lane }, { name: lane, inSeconds: 60 })
  const failed = () => listJobs(database.prisma, { state: 'failed', limit: 10 })
  await planned('two')
  expect(await failed()).toMatchObject([{ task: 'ring', state: 'failed' }])
  await planned('one')
  expect(await failed()).toEqual([])
})
