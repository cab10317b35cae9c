import { randomUUID } from 'node:crypto'
import type { Pool } from '../db/index.ts'

const BEAT_MS = 5000
/** A process that was not seen for so long does nothing any more: its jobs are for others. */
const DEAD_SECONDS = 30

/**
 * Tells the others that this process lives, and takes jobs from those that do not. The library gives back the jobs of a process that died
 * only after four hours.
 */
export function startHeartbeat({
  pool,
  onTrouble,
  beatMs = BEAT_MS,
}: {
  pool: Pool
  onTrouble: (error: unknown) => void
  beatMs?: number
}): { add: (poolId: string) => void; stop: () => Promise<void> } {
  const id = randomUUID()
  const workers = new Set<string>()
  let beating = Promise.resolve()

  async function beat(): Promise<void> {
    await pool.query(
      `INSERT INTO queue_workers (id, worker_ids, seen_at) VALUES ($1, $2, now())
       ON CONFLICT (id) DO UPDATE SET worker_ids = excluded.worker_ids, seen_at = excluded.seen_at`,
      [id, [...workers]],
    )
    await takeFromTheDead(pool)
  }

  const timer = setInterval(() => {
    beating = beating.then(beat).catch(onTrouble)
  }, beatMs)
  timer.unref()
  return {
    add(poolId) {
      workers.add(poolId)
      beating = beating.then(beat).catch(onTrouble)
    },
    async stop() {
      clearInterval(timer)
      await beating
      // Stopped in good order, it has no jobs any more.
      await pool.query('DELETE FROM queue_workers WHERE id = $1', [id]).catch(() => undefined)
    },
  }
}

/** Gives back the jobs of processes that were not seen for 30 seconds; resolves to how many such processes there were. */
export async function takeFromTheDead(pool: Pool, deadSeconds = DEAD_SECONDS): Promise<number> {
  const { rows } = await pool.query<{ processes: number }>(
    `WITH dead AS (
       DELETE FROM queue_workers WHERE id IN (
         SELECT id FROM queue_workers WHERE seen_at < now() - make_interval(secs => $1) FOR UPDATE SKIP LOCKED)
       RETURNING worker_ids),
     given_back AS (
       SELECT graphile_worker.force_unlock_workers(worker_ids) FROM dead)
     SELECT count(*)::int AS processes FROM given_back`,
    [deadSeconds],
  )
  return rows[0]?.processes ?? 0
}
