import type { Db } from '../db/index.ts'
import type { Task } from './task.ts'

export type Turn = {
  /** Whose turn: of one name at most one turn is to come. */
  name: string
  /** Not before so many seconds from now. */
  inSeconds: number
  /** A turn that is planned already keeps its time; otherwise it takes this one. */
  keepTime?: boolean
  /** The job that asks, where it is the turn that ends. */
  after?: string | undefined
}

/**
 * Sees to it that a turn of a standing job is to come. While one is being done none is planned: whoever does it asks for the next, and if
 * that process dies the turn is done again. The next turn takes the place of one that failed for good.
 */
export async function expectTurn<P>(
  db: Db,
  task: Task<P>,
  payload: P,
  { name, inSeconds, keepTime = false, after }: Turn,
): Promise<void> {
  const key = `${task.name}/${name}`
  const told = JSON.stringify(task.payload.parse(payload))
  // The library would otherwise mark the turn that ends as one that may not be tried again, and a process that dies now leave it as failed.
  if (after !== undefined)
    await db.$executeRaw`
      UPDATE graphile_worker._private_jobs SET key = NULL WHERE id = ${BigInt(after)} AND key = ${key}`
  // One that failed for good would lose its name and stay behind. One that has lost it (it failed between this statement and the next, or its
  // process died when it had asked for the next turn) has had its successor. It is known by what it was told: those of other lanes are theirs.
  await db.$executeRaw`
    DELETE FROM graphile_worker._private_jobs WHERE locked_at IS NULL AND attempts >= max_attempts AND (key = ${key}
      OR key IS NULL AND payload::jsonb = ${told}::jsonb
        AND task_id = (SELECT id FROM graphile_worker._private_tasks WHERE identifier = ${task.name}))`
  await db.$queryRaw`
    SELECT CASE WHEN NOT EXISTS (SELECT FROM graphile_worker._private_jobs WHERE key = ${key} AND locked_at IS NOT NULL) THEN
      (graphile_worker.add_job(
        ${task.name}, ${told}::json, job_key => ${key},
        job_key_mode => ${keepTime ? 'preserve_run_at' : 'replace'},
        run_at => now() + make_interval(secs => ${inSeconds}::float8), max_attempts => ${task.maxAttempts}::int,
        priority => ${task.priority}::int)).id::text END AS id`
}
