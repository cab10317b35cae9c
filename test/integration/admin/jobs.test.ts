import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { z } from 'zod'
import { examineQueue } from '../../../src/cli/doctor-queue.ts'
import { defineTask, enqueue } from '../../../src/queue/index.ts'
import { startAdmin } from '../../support/admin.ts'
import type { AdminStage } from '../../support/admin.ts'

type Listed = { items: { job_id: string; task: string; state: string; attempts: number }[] }

const greet = defineTask('greet', z.strictObject({ name: z.string() }), { maxAttempts: 3 })
let stage: AdminStage
beforeAll(async () => {
  stage = await startAdmin()
})
afterEach(() => stage.database.pool.query('DELETE FROM graphile_worker._private_jobs'))
afterAll(() => stage.stop())

async function jobs(query = ''): Promise<Listed['items']> {
  return (await stage.ask(`/v1/jobs${query}`, { token: stage.token() })).json<Listed>().items
}
const fail = () =>
  stage.database.pool.query(
    `UPDATE graphile_worker._private_jobs SET attempts = max_attempts, last_error = 'no', run_at = now() - interval '1 hour'`,
  )
const ask = (path: string, method: string) => stage.ask(path, { method, token: stage.token() })

test('a job that was given up is shown without what it was told, and can be tried again; the audit says who did', async () => {
  await enqueue(stage.database.prisma, greet, { name: 'cleopatra' })
  await fail()
  const answer = await stage.ask('/v1/jobs?state=failed', { token: stage.token() })
  expect(answer.text).not.toContain('cleopatra')
  const [job] = answer.json<Listed>().items
  expect(job).toMatchObject({
    task: 'greet',
    state: 'failed',
    attempts: 3,
    max_attempts: 3,
    last_error: 'no',
  })
  expect((await ask(`/v1/jobs/${job?.job_id}/retry`, 'POST')).status).toBe(204)
  expect(await jobs('?state=failed')).toEqual([])
  expect(await jobs('?task=greet')).toMatchObject([{ state: 'waiting', attempts: 0 }])
  const event = await stage.database.prisma.auditEvent.findFirstOrThrow({ where: { type: 'job.retried' } })
  expect(event).toMatchObject({
    actorVia: 'admin_api',
    detail: { job: job?.job_id, task: 'greet', attempts: 3 },
  })
})

test('a job that is discarded is gone, and recorded once', async () => {
  await enqueue(stage.database.prisma, greet, { name: 'x' })
  const [job] = await jobs()
  expect((await ask(`/v1/jobs/${job?.job_id}`, 'DELETE')).status).toBe(204)
  expect((await ask(`/v1/jobs/${job?.job_id}`, 'DELETE')).status).toBe(404)
  expect(await jobs()).toEqual([])
  expect(await stage.database.prisma.auditEvent.count({ where: { type: 'job.discarded' } })).toBe(1)
})

test('jobs come in pages of their own kind, and are counted', async () => {
  for (let nth = 0; nth < 5; nth += 1) await enqueue(stage.database.prisma, greet, { name: String(nth) })
  const first = (await stage.ask('/v1/jobs?task=greet&limit=3', { token: stage.token() })).json<
    Listed & { next_cursor: string }
  >()
  const rest = await jobs(`?task=greet&limit=3&cursor=${first.next_cursor}`)
  const ids = [...first.items, ...rest].map(({ job_id: id }) => Number(id))
  expect(ids).toHaveLength(5)
  expect(ids).toEqual(ids.toSorted((a, b) => a - b))
  const counted = await stage.ask('/v1/jobs/statistics', { token: stage.token() })
  expect(counted.json()).toMatchObject({
    items: [{ task: 'greet', due: 5, waiting: 5, running: 0, failed: 0, oldest_seconds: expect.any(Number) }],
  })
})

test('the doctor complains of jobs that were given up, of due ones that nobody begins, and of begun ones that do not end', async () => {
  expect(await examineQueue(stage.database)).toMatchObject({
    ok: true,
    said: '0 waiting, 0 being done, none given up',
  })
  await enqueue(stage.database.prisma, greet, { name: 'x' })
  await stage.database.pool.query(
    "UPDATE graphile_worker._private_jobs SET run_at = now() - interval '10 minutes'",
  )
  expect(await examineQueue(stage.database)).toMatchObject({
    ok: false,
    said: 'the oldest due job has waited for 10 minutes',
  })
  const begun = (minutesAgo: number) =>
    stage.database.pool.query(
      "UPDATE graphile_worker._private_jobs SET locked_by = 'gone', locked_at = now() - make_interval(mins => $1)",
      [minutesAgo],
    )
  await begun(14)
  expect(await examineQueue(stage.database)).toMatchObject({
    ok: true,
    said: '0 waiting, 1 being done, none given up',
  })
  await begun(20)
  expect(await examineQueue(stage.database)).toMatchObject({
    ok: false,
    said: 'a job of greet was begun 20 minutes ago and has not ended',
  })
  await stage.database.pool.query(
    'UPDATE graphile_worker._private_jobs SET locked_by = NULL, locked_at = NULL',
  )
  await fail()
  expect(await examineQueue(stage.database)).toMatchObject({ ok: false, said: 'given up: 1 of greet' })
})
