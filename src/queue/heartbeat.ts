import { randomUUID } from 'node:crypto'
import type { Pool } from '../db/index.ts'
import { within } from './within.ts'

const BEAT_MS = 5000
/** A frozen database answers nothing: a beat is given up before the next one is due. */
const ANSWER_MS = 5000
/** For the last beat under way, and for saying goodbye. */
const GOODBYE_MS = 2000
/** A process that was not seen for so long does nothing any more: its jobs are for others. */
const DEAD_SECONDS = 30
/** Long enough for how a job ended to be written down. */
const FORGOTTEN_SECONDS = 30

const asked = { query_timeout: ANSWER_MS }

export type Heartbeat = {
  /** From now on jobs are taken under this name. */
  add: (poolId: string) => void
  /** This process has the job in hand, until it says that it ended. */
  begun: (jobId: string) => void
  ended: (jobId: string) => void
  stop: () => Promise<void>
}

/**
 * Tells the others that this process lives, and takes jobs from those that do not. The library gives back the jobs of a process that died
 * only after four hours; so it does with jobs of a living one that were given to it by an answer that was lost on the way.
 */
export function startHeartbeat({
  pool,
  onTrouble,
  beatMs = BEAT_MS,
}: {
  pool: Pool
  onTrouble: (error: unknown) => void
  beatMs?: number
}): Heartbeat {
  const id = randomUUID()
  const workers = new Set<string>()
  const inHand = new Map<string, { endedAt: number | null }>()
  let beating: Promise<void> | undefined
  /** A name came while a beat was under way that may not tell of it. */
  let isNew = false
  let isStopped = false

  async function beat(): Promise<void> {
    isNew = false
    await pool.query({
      ...asked,
      text: `INSERT INTO queue_workers (id, worker_ids, seen_at) VALUES ($1, $2, now())
       ON CONFLICT (id) DO UPDATE SET worker_ids = excluded.worker_ids, seen_at = excluded.seen_at`,
      values: [id, [...workers]],
    })
    await takeFromTheDead(pool)
    await takeFromTheUnseen(pool)
    const longAgo = performance.now() - FORGOTTEN_SECONDS * 1000
    for (const [job, { endedAt }] of inHand) if (endedAt !== null && endedAt < longAgo) inHand.delete(job)
    await takeForgotten(pool, { workers: [...workers], inHand: [...inHand.keys()] })
  }

  // One at a time: while the database is frozen they would pile up.
  const again = () => {
    beating ??= beat()
      .catch(onTrouble)
      .finally(() => {
        beating = undefined
        if (isNew && !isStopped) again()
      })
  }
  const timer = setInterval(again, beatMs)
  timer.unref()
  return {
    add(poolId) {
      workers.add(poolId)
      isNew = true
      again()
    },
    begun: (jobId) => void inHand.set(jobId, { endedAt: null }),
    ended: (jobId) => void inHand.set(jobId, { endedAt: performance.now() }),
    async stop() {
      isStopped = true
      clearInterval(timer)
      if (beating) await within(GOODBYE_MS, beating)
      await within(GOODBYE_MS, sayGoodbye(pool, id, [...workers]))
    },
  }
}

/** Stopped in good order, it has no jobs any more; what it could not write down is for others. */
async function sayGoodbye(pool: Pool, id: string, workers: string[]): Promise<void> {
  const say = (text: string, values: unknown[]) =>
    pool.query({ ...asked, text, values }).catch(() => undefined)
  await say('SELECT graphile_worker.force_unlock_workers($1)', [workers])
  await say('DELETE FROM queue_workers WHERE id = $1', [id])
}

/** Gives back the jobs of processes that were not seen for 30 seconds; resolves to how many such processes there were. */
export async function takeFromTheDead(pool: Pool, deadSeconds = DEAD_SECONDS): Promise<number> {
  const { rows } = await pool.query<{ processes: number }>({
    ...asked,
    text: `WITH dead AS (
       DELETE FROM queue_workers WHERE id IN (
         SELECT id FROM queue_workers WHERE seen_at < now() - make_interval(secs => $1) FOR UPDATE SKIP LOCKED)
       RETURNING worker_ids),
     given_back AS (
       SELECT graphile_worker.force_unlock_workers(worker_ids) FROM dead)
     SELECT count(*)::int AS processes FROM given_back`,
    values: [deadSeconds],
  })
  return rows[0]?.processes ?? 0
}

/**
 * Gives back jobs whose process no row tells of: it was killed before its first beat, or was taken for dead while it stood still, woke, and
 * was killed before its next. To have taken the job was its last sign of life. If it lives after all and only cannot tell, it is as with
 * one that stood still: its job is done twice, and what it writes down about its own try takes nothing from the other but a job that is
 * done. Resolves to how many jobs there were.
 */
export async function takeFromTheUnseen(pool: Pool, deadSeconds = DEAD_SECONDS): Promise<number> {
  const { rows } = await pool.query<{ jobs: number }>({
    ...asked,
    text: `WITH unseen AS (
       SELECT id, job_queue_id, locked_by FROM graphile_worker._private_jobs
       WHERE locked_at < now() - make_interval(secs => $1)
         AND NOT EXISTS (SELECT FROM queue_workers WHERE locked_by = ANY(worker_ids))
       FOR UPDATE SKIP LOCKED),
     given_back AS (
       UPDATE graphile_worker._private_jobs SET locked_by = NULL, locked_at = NULL
       WHERE id IN (SELECT id FROM unseen) RETURNING id),
     queues AS (
       UPDATE graphile_worker._private_job_queues q SET locked_by = NULL, locked_at = NULL
       FROM unseen WHERE q.id = unseen.job_queue_id AND q.locked_by = unseen.locked_by RETURNING q.id)
     SELECT (SELECT count(*) FROM given_back)::int AS jobs`,
    values: [deadSeconds],
  })
  return rows[0]?.jobs ?? 0
}

/** Gives back jobs that were taken in this process's name and that it does not know of. */
export async function takeForgotten(
  pool: Pool,
  {
    workers,
    inHand,
    forgottenSeconds = FORGOTTEN_SECONDS,
  }: { workers: readonly string[]; inHand: readonly string[]; forgottenSeconds?: number },
): Promise<number> {
  const { rows } = await pool.query<{ jobs: number }>({
    ...asked,
    text: `WITH forgotten AS (
       UPDATE graphile_worker._private_jobs SET locked_by = NULL, locked_at = NULL
       WHERE locked_by = ANY($1) AND locked_at < now() - make_interval(secs => $3) AND id <> ALL($2::bigint[])
       RETURNING job_queue_id, locked_by),
     queues AS (
       UPDATE graphile_worker._private_job_queues SET locked_by = NULL, locked_at = NULL
       WHERE id IN (SELECT job_queue_id FROM forgotten) RETURNING id)
     SELECT (SELECT count(*) FROM forgotten)::int AS jobs`,
    values: [workers, inHand, forgottenSeconds],
  })
  return rows[0]?.jobs ?? 0
}
