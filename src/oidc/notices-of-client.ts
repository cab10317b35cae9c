import { z } from 'zod'
import type { Db, Tx } from '../db/index.ts'
import { ringClients } from './logout-round.ts'

export type NoticeState = 'queued' | 'delivered' | 'failed'

/** One back-channel logout of a relying party, and what came of it. */
export type ListedNotice = {
  id: string
  userId: string
  /** The relying party's name for the session; null when all of the user's there ended. */
  sid: string | null
  revocationId: string | null
  state: NoticeState
  attempts: number
  createdAt: Date
  nextAttemptAt: Date
  deliveredAt: Date | null
  lastError: string | null
}

/** What a relying party was told, or is still to be told, the newest first; kept for thirty days. */
export async function noticesOfClient(
  db: Db,
  query: { clientId: string; state?: NoticeState | undefined; before?: string | undefined; limit: number },
): Promise<ListedNotice[]> {
  const { clientId, state, before, limit } = query
  if (before !== undefined && !z.uuid().safeParse(before).success) return []
  return db.logoutNotice.findMany({
    where: { clientId, ...(state && { state }), ...(before !== undefined && { id: { lt: before } }) },
    orderBy: { id: 'desc' },
    take: limit,
    omit: { clientId: true, lastAttemptAt: true },
  })
}

/** Queues every notice anew that was given up, as if its session ended now, and asks for a round. Returns how many there were. */
export async function retryNotices(tx: Tx, clientId: string): Promise<number> {
  const count = await tx.$executeRaw`
    UPDATE logout_notices SET state = 'queued', attempts = 0, created_at = now(), next_attempt_at = now()
    WHERE client_id = ${clientId} AND state = 'failed'`
  if (count > 0) await ringClients(tx, [clientId])
  return count
}
