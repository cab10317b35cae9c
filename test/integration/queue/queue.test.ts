import { spawn } from 'node:child_process'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { z } from 'zod'
import { connectDatabase } from '../../../src/db/index.ts'
import type { Database } from '../../../src/db/index.ts'
import {
  defineTask,
  discardJob,
  enqueue,
  enqueueAll,
  expectTurn,
  listJobs,
  perform,
  queueStatistics,
  retryJob,
  ringSql,
  startWorker,
  URGENT,
} from '../../../src/queue/index.ts'
import type { JobFailure, Task, Try, Work } from '../../../src/queue/index.ts'
import { takeFromTheDead } from '../../../src/queue/heartbeat.ts'
import { createTestDatabase } from '../../support/database.ts'

const greet = defineTask('greet', z.strictObject({ name: z.string() }))
const lane = z.strictObject({ lane: z.string() })
const patient = defineTask('patient', lane)
const pressing = defineTask('pressing', lane, { priority: URGENT })
const once = defineTask('once', z.strictObject({}), { maxAttempts: 1 })
const slow = defineTask('slow', z.strictObject({}), { maxAttempts: 1, timeoutSeconds: 0.2 })

const script = new URL('../../child/stuck-worker.ts', import.meta.url)

let database: Database
let other: Database
let url: string
let drop: () => Promise<void>
let stops: (() => Promise<void>)[]
beforeEach(async () => {
  const made = await createTestDatabase()
  drop = made.drop
  url = made.url
  const options = {
    ...{ url: made.url, poolMax: 8, connectTimeoutMs: 5000, statementTimeoutMs: 5000 },
    ...{ lockTimeoutMs: 5000, idleInTransactionTimeoutMs: 5000 },
  }
  database = connectDatabase(options)
  other = connectDatabase(options)
  stops = []
})
afterEach(async () => {
  for (const stop of stops) await stop()
  await Promise.all([database.close(), other.close()])
  await drop()
})

function work(on: Database, ...all: Work[]): JobFailure[] {
  const failures: JobFailure[] = []
  stops.push(
    startWorker({
      ...{ pool: on.pool, work: all, concurrency: 2, pollMs: 100, graceMs: 500 },
      onFailure: (failure) => failures.push(failure),
      onTrouble: () => undefined,
    }),
  )
  return failures
}

async function until<T>(look: () => Promise<T> | T, holds: (found: T) => boolean): Promise<T> {
  for (const end = Date.now() + 10_000; Date.now() < end;) {
    const found = await look()
    if (holds(found)) return found
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error(`waited in vain: ${JSON.stringify(await look())}`)
}

describe('a job is asked for in the transaction that causes it', () => {
  test('it is done once that commits, and never when it does not', async () => {
    const done: string[] = []
    work(
      database,
      perform(greet, ({ name }) => Promise.resolve(void done.push(name))),
    )
    await database
      .transaction(async (tx) => {
        await enqueue(tx, greet, { name: 'nobody' })
        throw new Error('changed my mind')
      })
      .catch(() => undefined)
    await database.transaction((tx) => enqueue(tx, greet, { name: 'alice' }))
    await until(
      () => done,
      (names) => names.length > 0,
    )
    await until(
      () => queueStatistics(database.prisma),
      (all) => all.length === 0,
    )
    expect(done).toEqual(['alice'])
  })

  test('a payload that is not what the task says is refused', async () => {
    await expect(enqueue(database.prisma, greet, { name: 7 } as never)).rejects.toThrow()
    expect(await listJobs(database.prisma, { limit: 10 })).toEqual([])
  })

  test('what a newer version told besides is passed over', async () => {
    await database.pool.query(
      `SELECT graphile_worker.add_job('greet', '{"name":"alice","of":"the version after"}'::json)`,
    )
    const done: unknown[] = []
    const failures = work(
      database,
      perform(greet, (payload) => Promise.resolve(void done.push(payload))),
    )
    await until(
      () => done.length + failures.length,
      (ended) => ended > 0,
    )
    expect({ done, failures }).toEqual({ done: [{ name: 'alice' }], failures: [] })
    await expect(
      enqueue(database.prisma, greet, { name: 'bob', of: 'the version after' } as never),
    ).rejects.toThrow()
  })

  test('what is urgent comes before what was asked for earlier, however it is asked for', async () => {
    const order: string[] = []
    const tell = (task: Task<{ lane: string }>) =>
      perform(task, ({ lane }) => Promise.resolve(void order.push(lane)))
    for (let nth = 0; nth < 5; nth += 1) await enqueue(database.prisma, patient, { lane: 'patient' })
    await enqueue(database.prisma, pressing, { lane: 'asked' })
    await enqueueAll(database.prisma, pressing, [{ lane: 'all' }])
    await expectTurn(database.prisma, pressing, { lane: 'turn' }, { name: 'x', inSeconds: 0 })
    await database.pool.query(`SELECT ${ringSql(pressing, "'rung'")}`)
    await until(
      () => database.pool.query('SELECT FROM graphile_worker._private_jobs WHERE run_at > now()'),
      ({ rowCount }) => rowCount === 0,
    )
    work(database, tell(patient), tell(pressing))
    await until(
      () => order,
      (lanes) => lanes.length === 9,
    )
    // Two hands: one of them may be a step ahead of the other.
    expect(order.slice(0, 4).sort()).toEqual(['all', 'asked', 'rung', 'turn'])
  })

  test('of a key at most one waits, with the newest payload', async () => {
    for (const name of ['a', 'b', 'c'])
      await enqueue(database.prisma, greet, { name }, { key: 'greeting', delaySeconds: 1 })
    expect(await listJobs(database.prisma, { limit: 10 })).toHaveLength(1)
    const done: string[] = []
    work(
      database,
      perform(greet, ({ name }) => Promise.resolve(void done.push(name))),
    )
    await until(
      () => done,
      (names) => names.length > 0,
    )
    expect(done).toEqual(['c'])
  })

  test('jobs in turn are done one after the other, on two instances', async () => {
    const log: string[] = []
    const task = perform(greet, async ({ name }) => {
      log.push(`${name} begins`)
      await new Promise((resolve) => setTimeout(resolve, 30))
      log.push(`${name} ends`)
    })
    for (const name of ['a', 'b', 'c', 'd'])
      await enqueue(database.prisma, greet, { name }, { inTurn: 'door' })
    work(database, task)
    work(other, task)
    await until(
      () => log,
      (lines) => lines.length === 8,
    )
    expect(log).toEqual(['a', 'b', 'c', 'd'].flatMap((name) => [`${name} begins`, `${name} ends`]))
  })
})

describe('a job that fails', () => {
  test('is tried again, and is told of each time', async () => {
    const tries: number[] = []
    const failures = work(
      database,
      perform(greet, (_payload, { attempt }: Try) => {
        tries.push(attempt)
        return attempt < 2 ? Promise.reject(new Error('not yet')) : Promise.resolve()
      }),
    )
    await enqueue(database.prisma, greet, { name: 'x' })
    await until(
      () => tries,
      (all) => all.length === 2,
    )
    expect(failures).toMatchObject([{ task: 'greet', attempt: 1, isLast: false }])
  })

  test('too often is kept, visible, and can be retried or discarded by an operator', async () => {
    let fails = true
    const done: string[] = []
    const failures = work(
      database,
      perform(once, () =>
        fails ? Promise.reject(new Error('no')) : Promise.resolve(void done.push('done')),
      ),
    )
    await enqueue(database.prisma, once, {})
    await enqueue(database.prisma, once, {})
    const failed = await until(
      () => listJobs(database.prisma, { state: 'failed', limit: 10 }),
      (all) => all.length === 2,
    )
    expect(failures.map(({ isLast }) => isLast)).toEqual([true, true])
    expect(failed[0]).toMatchObject({
      task: 'once',
      state: 'failed',
      attempts: 1,
      maxAttempts: 1,
      lastError: 'no',
    })
    expect(await queueStatistics(database.prisma)).toMatchObject([{ task: 'once', failed: 2, due: 0 }])
    fails = false
    expect(await retryJob(database.prisma, failed[0]?.id ?? '')).toBe(true)
    await until(
      () => done,
      (all) => all.length === 1,
    )
    expect(await discardJob(database.prisma, failed[1]?.id ?? '')).toBe(true)
    expect(await discardJob(database.prisma, failed[1]?.id ?? '')).toBe(false)
    await until(
      () => listJobs(database.prisma, { limit: 10 }),
      (all) => all.length === 0,
    )
  })

  test('by taking too long counts as failed, and is told to stop', async () => {
    let told = false
    const failures = work(
      database,
      perform(
        slow,
        (_payload, { signal }) =>
          new Promise(() => {
            signal.addEventListener('abort', () => (told = true))
          }),
      ),
    )
    await enqueue(database.prisma, slow, {})
    await until(
      () => failures,
      (all) => all.length === 1,
    )
    expect([told, String(failures[0]?.error)]).toEqual([true, 'Error: the job took too long'])
  })
})

describe('processes come and go', () => {
  test('a kind of job that nobody here knows waits for a process that does', async () => {
    work(
      database,
      perform(once, () => Promise.resolve()),
    )
    await enqueue(database.prisma, greet, { name: 'x' })
    await enqueue(database.prisma, once, {})
    await until(
      () => listJobs(database.prisma, { limit: 10 }),
      (all) => all.length === 1,
    )
    expect(await listJobs(database.prisma, { limit: 10 })).toMatchObject([{ task: 'greet', attempts: 0 }])
  })

  test('the job of a process that was killed is done by another', async () => {
    await enqueue(database.prisma, greet, { name: 'x' })
    const child = spawn(process.execPath, [script.pathname, url], { stdio: ['ignore', 'pipe', 'inherit'] })
    await new Promise((resolve) => child.stdout.once('data', resolve))
    child.kill('SIGKILL')
    expect(await takeFromTheDead(other.pool)).toBe(0)
    expect(await listJobs(database.prisma, { limit: 10 })).toMatchObject([{ state: 'running' }])
    // Nobody else works meanwhile: a worker looks for the dead by itself, and whichever looks first takes the job.
    await other.pool.query("UPDATE queue_workers SET seen_at = now() - interval '1 minute'")
    expect(await takeFromTheDead(other.pool)).toBeGreaterThan(0)
    const done: string[] = []
    work(
      other,
      perform(greet, ({ name }) => Promise.resolve(void done.push(name))),
    )
    await until(
      () => done,
      (names) => names.length === 1,
    )
  })

  test('stopping does not wait for a job that never ends: another process does it', async () => {
    let begun = 0
    work(
      database,
      perform(greet, () => {
        begun += 1
        return new Promise(() => undefined)
      }),
    )
    await enqueue(database.prisma, greet, { name: 'x' })
    await until(
      () => begun,
      (times) => times === 1,
    )
    const [stop] = stops.splice(0)
    await stop?.()
    const done: string[] = []
    work(
      other,
      perform(greet, ({ name }) => Promise.resolve(void done.push(name))),
    )
    await until(
      () => done,
      (names) => names.length === 1,
    )
  })

  test('stopping while it still begins does not wait for a job that never ends either', async () => {
    for (const delayMs of [0, 5, 20, 50]) {
      await enqueue(database.prisma, greet, { name: 'x' })
      work(
        database,
        perform(greet, () => new Promise(() => undefined)),
      )
      await new Promise((resolve) => setTimeout(resolve, delayMs))
      const [stop] = stops.splice(0)
      const startedAt = performance.now()
      await stop?.()
      expect(performance.now() - startedAt).toBeLessThan(5000)
    }
  })

  test('the worker outlives the loss of all its connections', async () => {
    const done: string[] = []
    work(
      database,
      perform(greet, ({ name }) => Promise.resolve(void done.push(name))),
    )
    await enqueue(database.prisma, greet, { name: 'before' })
    await until(
      () => done,
      (names) => names.length === 1,
    )
    await other.pool.query(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
    )
    await enqueue(other.prisma, greet, { name: 'after' })
    await until(
      () => done,
      (names) => names.includes('after'),
    )
  })

  test('stopping lets a job under way finish, and begins no other', async () => {
    const log: string[] = []
    work(
      database,
      perform(greet, async ({ name }) => {
        log.push(`${name} begins`)
        await new Promise((resolve) => setTimeout(resolve, 200))
        log.push(`${name} ends`)
      }),
    )
    await enqueue(database.prisma, greet, { name: 'a' })
    await until(
      () => log,
      (lines) => lines.length === 1,
    )
    const [stop] = stops.splice(0)
    const stopped = stop?.()
    await enqueue(database.prisma, greet, { name: 'b' })
    await stopped
    expect(log).toEqual(['a begins', 'a ends'])
    expect(await listJobs(database.prisma, { limit: 10 })).toMatchObject([{ state: 'waiting', attempts: 0 }])
  })
})
