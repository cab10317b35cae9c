import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { z } from 'zod'
import { connectDatabase } from '../../../src/db/index.ts'
import type { Database } from '../../../src/db/index.ts'
import { takeForgotten, takeFromTheUnseen } from '../../../src/queue/heartbeat.ts'
import { defineTask, enqueue, listJobs, perform, recurring, startWorker } from '../../../src/queue/index.ts'
import type { Work } from '../../../src/queue/index.ts'
import { createTestDatabase } from '../../support/database.ts'
import { startTcpProxy } from '../../support/tcp-proxy.ts'
import type { TcpProxy } from '../../support/tcp-proxy.ts'

const greet = defineTask('greet', z.strictObject({ name: z.string() }))

let direct: Database
let through: Database
let proxy: TcpProxy
let drop: () => Promise<void>
let stops: (() => Promise<void>)[]

beforeEach(async () => {
  const made = await createTestDatabase()
  drop = made.drop
  proxy = await startTcpProxy(made.url)
  const connect = (url: string) =>
    connectDatabase({
      ...{ url, poolMax: 8, connectTimeoutMs: 2000, statementTimeoutMs: 2000 },
      ...{ lockTimeoutMs: 2000, idleInTransactionTimeoutMs: 2000 },
    })
  direct = connect(made.url)
  through = connect(proxy.url)
  stops = []
})
afterEach(async () => {
  for (const stop of stops) await stop()
  await proxy.open().catch(() => undefined)
  await Promise.all([direct.close(), through.close()])
  await proxy.close()
  await drop()
})

function work(on: Database, all: Work[], options: { tendMs?: number } = {}): boolean[] {
  const failures: boolean[] = []
  stops.push(
    startWorker({
      ...{ pool: on.pool, work: all, concurrency: 3, pollMs: 50, graceMs: 500, ...options },
      onFailure: ({ isLast }) => failures.push(isLast),
      onTrouble: () => undefined,
    }),
  )
  return failures
}

async function until(holds: () => Promise<boolean> | boolean): Promise<void> {
  for (const end = Date.now() + 15_000; Date.now() < end;) {
    if (await holds()) return
    await sleep(20)
  }
  throw new Error('waited in vain')
}

const jobs = () => listJobs(direct.prisma, { limit: 50 })

describe('while the database is away', () => {
  test.each(['done', 'failed'])(
    'a job that ends is written down as %s when it is back, and is not done twice (FT-02)',
    async (how) => {
      let begun = 0
      const task = perform(greet, async () => {
        begun += 1
        const isFirst = begun === 1
        await sleep(300)
        if (how === 'failed' && isFirst) throw new Error('no')
      })
      work(through, [task])
      await enqueue(direct.prisma, greet, { name: 'x' })
      await until(() => begun === 1)
      await proxy.close()
      await sleep(1500)
      expect(await jobs()).toMatchObject([{ state: 'running' }])
      await proxy.open()
      if (how === 'failed') await until(async () => (await jobs())[0]?.lastError === 'no')
      await until(async () => (await jobs()).length === 0)
      expect(begun).toBe(how === 'failed' ? 2 : 1)
      // And it goes on.
      await enqueue(direct.prisma, greet, { name: 'y' })
      await until(async () => begun > (how === 'failed' ? 2 : 1) && (await jobs()).length === 0)
    },
  )

  test('a worker can be stopped, and what it could not write down is done by another (FT-12)', async () => {
    let begun = 0
    const task = perform(greet, async () => {
      begun += 1
      await sleep(200)
    })
    work(through, [task])
    await enqueue(direct.prisma, greet, { name: 'x' })
    await until(() => begun === 1)
    await proxy.close()
    await sleep(400)
    const [stop] = stops.splice(0)
    const startedAt = performance.now()
    await stop?.()
    expect(performance.now() - startedAt).toBeLessThan(8000)
    await direct.pool.query("UPDATE queue_workers SET seen_at = now() - interval '1 minute'")
    work(direct, [task])
    await until(async () => (await jobs()).length === 0)
    expect(begun).toBe(2)
  })
})

/** A job that was given to this name so long ago. */
async function given(by: string, { secondsAgo = 60, inTurn }: { secondsAgo?: number; inTurn?: string } = {}) {
  await enqueue(direct.prisma, greet, { name: by }, { inTurn })
  const id = (await jobs()).at(-1)?.id ?? ''
  await direct.pool.query(
    `WITH job AS (
       UPDATE graphile_worker._private_jobs SET locked_by = $2, locked_at = now() - make_interval(secs => $3) WHERE id = $1
       RETURNING job_queue_id, locked_by, locked_at)
     UPDATE graphile_worker._private_job_queues q SET locked_by = job.locked_by, locked_at = job.locked_at
     FROM job WHERE q.id = job.job_queue_id`,
    [id, by, secondsAgo],
  )
  return id
}

const states = async () => Object.fromEntries((await jobs()).map(({ id, state }) => [id, state]))

test('a job whose giving-out was lost on the way is given back; one in hand is not (FT-12)', async () => {
  const [inHand, lost, anothers] = [await given('mine'), await given('mine'), await given('other')]
  expect(await takeForgotten(direct.pool, { workers: ['mine'], inHand: [inHand] })).toBe(1)
  expect(await states()).toEqual({ [inHand]: 'running', [lost]: 'waiting', [anothers]: 'running' })
})

describe('a process that was killed before it could tell that it lives (FT-12)', () => {
  test('its job is given back; one of a process that tells is not, nor one that was taken just now', async () => {
    await direct.pool.query(
      `INSERT INTO queue_workers (id, worker_ids, seen_at) VALUES (gen_random_uuid(), '{known,too}', now())`,
    )
    const [known, unseen, fresh] = [
      await given('known'),
      await given('unseen'),
      await given('unseen', { secondsAgo: 0 }),
    ]
    expect(await takeFromTheUnseen(direct.pool)).toBe(1)
    expect(await states()).toEqual({ [known]: 'running', [unseen]: 'waiting', [fresh]: 'running' })
  })

  test('another does its job, and what comes after it in turn', async () => {
    await given('unseen', { inTurn: 'one' })
    await enqueue(direct.prisma, greet, { name: 'after' }, { inTurn: 'one' })
    const done: string[] = []
    work(direct, [perform(greet, ({ name }) => Promise.resolve(void done.push(name)))])
    await until(async () => (await jobs()).length === 0)
    expect(done).toEqual(['unseen', 'after'])
  })
})

test('of two workers one does a job, however many there are (FT-07)', async () => {
  const done: string[] = []
  const now = new Set<string>()
  let twice = 0
  const task = perform(greet, async ({ name }) => {
    if (now.has(name)) twice += 1
    now.add(name)
    await sleep(5)
    now.delete(name)
    done.push(name)
  })
  work(direct, [task])
  work(through, [task])
  for (let nth = 0; nth < 200; nth += 1) await enqueue(direct.prisma, greet, { name: String(nth) })
  await until(async () => done.length >= 200 && (await jobs()).length === 0)
  expect([twice, done.length, new Set(done).size]).toEqual([0, 200, 200])
})

describe('a recurring job', () => {
  const again = (on: Database, turn: () => Promise<void>) =>
    recurring(on.prisma, { name: 'again', everySeconds: 0.3, timeoutSeconds: 5 }, turn)

  test('comes again and again, one turn at a time over two workers', async () => {
    let [turns, now, most] = [0, 0, 0]
    const turn = async () => {
      now += 1
      most = Math.max(most, now)
      turns += 1
      await sleep(150)
      now -= 1
    }
    work(direct, [again(direct, turn)], { tendMs: 30 })
    work(through, [again(through, turn)], { tendMs: 30 })
    await until(() => turns >= 4)
    expect(most).toBe(1)
    expect((await jobs()).length).toBeLessThanOrEqual(1)
  })

  test('that is not finished comes again at once', async () => {
    let turns = 0
    const long = recurring(direct.prisma, { name: 'again', everySeconds: 600, timeoutSeconds: 5 }, () => {
      turns += 1
      return Promise.resolve<'unfinished' | undefined>(turns < 4 ? 'unfinished' : undefined)
    })
    work(direct, [long], { tendMs: 30 })
    await until(async () => (await jobs()).length === 1)
    await direct.pool.query('UPDATE graphile_worker._private_jobs SET run_at = now()')
    await until(() => turns === 4)
    await until(async () => (await jobs()).length === 1)
    expect(turns).toBe(4)
  })

  test('comes again after a turn that failed, and leaves nothing for an operator', async () => {
    let turns = 0
    const failures = work(
      direct,
      [
        again(direct, () => {
          turns += 1
          return turns <= 2 ? Promise.reject(new Error('no')) : Promise.resolve()
        }),
      ],
      { tendMs: 30 },
    )
    await until(() => turns >= 4)
    expect(failures).toEqual([false, false])
    await until(async () => (await jobs()).every(({ state }) => state !== 'failed'))
  })

  test('leaves nothing for an operator when it fails, or its process dies, in the moment in which the next is planned', async () => {
    const work = again(direct, () => Promise.resolve())
    await work.tend?.()
    // What the library makes of a failed turn whose name the next one takes.
    await direct.pool.query('UPDATE graphile_worker._private_jobs SET key = NULL, attempts = max_attempts')
    expect(await jobs()).toMatchObject([{ state: 'failed' }])
    await work.tend?.()
    expect(await jobs()).toMatchObject([{ state: 'waiting' }])
  })
})
