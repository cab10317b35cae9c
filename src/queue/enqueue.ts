import type { Db } from '../db/index.ts'
import { traceFlags } from './trace-flags.ts'
import type { Task } from './task.ts'

export type EnqueueOptions = {
  /** At most one job of this key waits: asked for again before it began, it is replaced and takes the newer payload and time. */
  key?: string | undefined
  /** As long as a job of this name waits, is being done, or failed for good, no other one is made. */
  onlyOne?: string | undefined
  /** With `onlyOne`: one that was tried and failed is tried again within so many seconds, whatever its pause has grown to, and begins to count anew. */
  againWithinSeconds?: number | undefined
  /** Jobs with the same `inTurn` are done one after the other, in the order they came. */
  inTurn?: string | undefined
  /** Not before so many seconds from now (0). */
  delaySeconds?: number | undefined
}

/**
 * Asks for a job, in the caller's transaction: it is there if and only if what caused it is (transactional outbox). It will be done at
 * least once. Refuses a payload that is not what the task says.
 */
export async function enqueue<P>(
  db: Db,
  task: Task<P>,
  payload: P,
  { key, onlyOne, againWithinSeconds, inTurn, delaySeconds = 0 }: EnqueueOptions = {},
): Promise<void> {
  const told = JSON.stringify(task.payload.parse(payload))
  if (onlyOne !== undefined && againWithinSeconds !== undefined)
    await db.$executeRaw`
      UPDATE graphile_worker._private_jobs
      SET run_at = LEAST(run_at, now() + make_interval(secs => ${againWithinSeconds}::float8)), attempts = 0
      WHERE key = ${onlyOne} AND locked_at IS NULL AND attempts > 0`
  await db.$executeRaw`
    SELECT FROM graphile_worker.add_job(
      ${task.name}, ${told}::json, queue_name => ${inTurn ?? null}::text, job_key => ${onlyOne ?? key ?? null}::text,
      job_key_mode => ${onlyOne === undefined ? 'replace' : 'unsafe_dedupe'},
      run_at => now() + make_interval(secs => ${delaySeconds}::float8), max_attempts => ${task.maxAttempts}::int,
      priority => ${task.priority}::int, flags => ${traceFlags()}::text[])`
}

/** Asks for a job for each of these payloads, by one statement in the caller's transaction. */
export async function enqueueAll<P>(db: Db, task: Task<P>, payloads: readonly P[]): Promise<void> {
  if (payloads.length === 0) return
  const told = payloads.map((payload) => JSON.stringify(task.payload.parse(payload)))
  await db.$queryRaw`
    SELECT count(graphile_worker.add_job(${task.name}, payload::json, max_attempts => ${task.maxAttempts}::int,
      priority => ${task.priority}::int, flags => ${traceFlags()}::text[]))
    FROM unnest(${told}::text[]) AS told(payload)`
}
