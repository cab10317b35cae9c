import type { Db } from '../db/index.ts'
import { sweepNotices } from './logout-notices.ts'
import { sweepStatusLists } from './status-list/sweep.ts'

const BATCH = 1000

/**
 * Removes what has expired, a bounded batch of each kind; call again while it removed any. Used codes and rotated tokens stay
 * until their own end, so that a replay is still recognised as one (RT-09); ended sessions stay as tombstones as long as their
 * cookie could live. Expired rows are refused by every read anyway: this only gives the space back.
 */
export async function sweepExpired(db: Db, { graceSeconds = 60 } = {}): Promise<number> {
  const before = new Date(Date.now() - graceSeconds * 1000)
  const counts = [
    await db.$executeRaw`DELETE FROM tokens WHERE (digest, kind) IN (SELECT digest, kind FROM tokens WHERE expires_at < ${before} LIMIT ${BATCH} FOR UPDATE SKIP LOCKED)`,
    await db.$executeRaw`DELETE FROM interactions WHERE digest IN (SELECT digest FROM interactions WHERE expires_at < ${before} LIMIT ${BATCH} FOR UPDATE SKIP LOCKED)`,
    await db.$executeRaw`DELETE FROM replay_guards WHERE digest IN (SELECT digest FROM replay_guards WHERE expires_at < ${before} LIMIT ${BATCH} FOR UPDATE SKIP LOCKED)`,
    await db.$executeRaw`DELETE FROM sessions WHERE uid IN (SELECT uid FROM sessions WHERE expires_at < ${before} LIMIT ${BATCH} FOR UPDATE SKIP LOCKED)`,
    await db.$executeRaw`DELETE FROM grants WHERE id IN (SELECT id FROM grants WHERE expires_at < ${before} LIMIT ${BATCH} FOR UPDATE SKIP LOCKED)`,
    await sweepNotices(db),
    await sweepStatusLists(db),
  ]
  return counts.reduce((sum, count) => sum + count, 0)
}
