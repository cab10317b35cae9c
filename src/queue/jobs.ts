import { Prisma } from '../db/index.ts'
import type { Db } from '../db/index.ts'

/** `failed`: tried as often as it may be, and kept until an operator retries or discards it. */
export type JobState = 'waiting' | 'running' | 'failed'

/** A job as an operator sees it. What it was told is not shown. */
export type ListedJob = {
  id: string
  task: string
  state: JobState
  attempts: number
  maxAttempts: number
  createdAt: Date
  runAt: Date
  lastError: string | null
}

export type TaskStatistics = {
  task: string
  /** Due now and not begun. */
  due: number
  waiting: number
  running: number
  failed: number
  /** Seconds since the oldest one that is due should have begun. */
  oldestSeconds: number
  /** Seconds since the first of those under way was begun. No kind of job has longer than ten minutes. */
  runningSeconds: number
}

const { sql } = Prisma

const state = sql`CASE WHEN j.locked_at IS NOT NULL THEN 'running' WHEN j.attempts >= j.max_attempts THEN 'failed' ELSE 'waiting' END`
const from = sql`graphile_worker._private_jobs j JOIN graphile_worker._private_tasks t ON t.id = j.task_id`

const columns = sql`j.id::text, t.identifier AS task, ${state} AS state, j.attempts::int, j.max_attempts::int AS "maxAttempts",
  j.created_at AS "createdAt", j.run_at AS "runAt", j.last_error AS "lastError"`

/** The job with this id, or null. Whatever cannot be an id is nobody's. */
export async function findJob(db: Db, id: string): Promise<ListedJob | null> {
  if (!/^\d{1,18}$/.test(id)) return null
  const [job] = await db.$queryRaw<ListedJob[]>`SELECT ${columns} FROM ${from} WHERE j.id = ${BigInt(id)}`
  return job ?? null
}

/** Jobs that are not done, in the order of their ids: those after `after`, at most `limit`. */
export async function listJobs(
  db: Db,
  query: {
    task?: string | undefined
    state?: JobState | undefined
    after?: string | undefined
    limit: number
  },
): Promise<ListedJob[]> {
  return db.$queryRaw<ListedJob[]>`
    SELECT ${columns}
    FROM ${from}
    WHERE j.id > ${BigInt(query.after ?? 0)} AND (${query.task ?? null}::text IS NULL OR t.identifier = ${query.task ?? null})
      AND (${query.state ?? null}::text IS NULL OR ${state} = ${query.state ?? null})
    ORDER BY j.id LIMIT ${query.limit}`
}

/** Makes a job that waits or failed due at once, with all its tries again. False when there is none, or it is being done. */
export async function retryJob(db: Db, id: string): Promise<boolean> {
  const rows = await db.$queryRaw<unknown[]>`
    SELECT id::text FROM graphile_worker.reschedule_jobs(ARRAY[${BigInt(id)}]::bigint[], run_at => now(), attempts => 0)`
  return rows.length > 0
}

/** Gives a job up for good. False when there is none, or it is being done. */
export async function discardJob(db: Db, id: string): Promise<boolean> {
  const rows = await db.$queryRaw<unknown[]>`
    SELECT id::text FROM graphile_worker.complete_jobs(ARRAY[${BigInt(id)}]::bigint[])`
  return rows.length > 0
}

/** How much there is to do, of each kind that has any. */
export async function queueStatistics(db: Db): Promise<TaskStatistics[]> {
  const isDue = sql`${state} = 'waiting' AND j.run_at <= now()`
  return db.$queryRaw<TaskStatistics[]>`
    SELECT t.identifier AS task, (count(*) FILTER (WHERE ${isDue}))::int AS due,
      (count(*) FILTER (WHERE ${state} = 'waiting'))::int AS waiting,
      (count(*) FILTER (WHERE ${state} = 'running'))::int AS running,
      (count(*) FILTER (WHERE ${state} = 'failed'))::int AS failed,
      COALESCE(extract(epoch FROM now() - min(j.run_at) FILTER (WHERE ${isDue})), 0)::float8 AS "oldestSeconds",
      COALESCE(extract(epoch FROM now() - min(j.locked_at)), 0)::float8 AS "runningSeconds"
    FROM ${from} GROUP BY t.identifier ORDER BY t.identifier`
}
