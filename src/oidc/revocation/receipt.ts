import type { Actor } from '../../audit/index.ts'
import type { Db, LogoutNoticeState, Prisma } from '../../db/index.ts'
import type { RevocationCounts } from './counts.ts'
import type { SelectorRecord } from './selector.ts'
import type { KeepRecord } from './settle.ts'

/** How the back-channel logout to one relying party stands. */
export type NoticeReceipt = {
  clientId: string
  sid: string | null
  state: LogoutNoticeState
  attempts: number
  lastAttemptAt: Date | null
  nextAttemptAt: Date | null
  deliveredAt: Date | null
  lastError: string | null
}

/** The proof of a revocation: who asked for it, why, when, what ended, and who has been told. */
export type Receipt = {
  id: string
  createdAt: Date
  effectiveAt: Date
  completedAt: Date | null
  state: 'running' | 'completed'
  selector: SelectorRecord
  reason: string
  actor: Partial<Actor>
  notify: boolean
  keep: KeepRecord | null
  counts: RevocationCounts
  jwtUntil: Date | null
  relyingParties: NoticeReceipt[]
  /** There are more notices than are shown. */
  moreRelyingParties: boolean
}

const SHOWN_NOTICES = 200

/** The receipt with this id, or null. */
export async function readReceipt(db: Db, id: string): Promise<Receipt | null> {
  const row = await db.revocation.findUnique({ where: { id } })
  if (!row) return null
  const notices = await db.logoutNotice.findMany({
    where: { revocationId: id },
    orderBy: { id: 'asc' },
    take: SHOWN_NOTICES + 1,
  })
  return {
    ...plain(row),
    relyingParties: notices.slice(0, SHOWN_NOTICES).map(noticeOf),
    moreRelyingParties: notices.length > SHOWN_NOTICES,
  }
}

/** Receipts, newest first, without what each relying party has been told; `after` is the id of the last one seen. */
export async function listReceipts(
  db: Db,
  { after, limit }: { after?: string | undefined; limit: number },
): Promise<Omit<Receipt, 'relyingParties' | 'moreRelyingParties'>[]> {
  const last = after === undefined ? null : await db.revocation.findUnique({ where: { id: after } })
  const rows = await db.revocation.findMany({
    where: last
      ? {
          OR: [{ createdAt: { lt: last.createdAt } }, { createdAt: last.createdAt, id: { lt: last.id } }],
        }
      : {},
    orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
    take: limit,
  })
  return rows.map(plain)
}

function plain(
  row: Prisma.RevocationGetPayload<object>,
): Omit<Receipt, 'relyingParties' | 'moreRelyingParties'> {
  const { selector, actor, keep, counts, settledAt: _settled, ...rest } = row
  return {
    ...rest,
    selector: selector as SelectorRecord,
    actor: actor as Partial<Actor>,
    keep: keep as Receipt['keep'],
    counts: counts as RevocationCounts,
  }
}

function noticeOf(row: Prisma.LogoutNoticeGetPayload<object>): NoticeReceipt {
  const { clientId, sid, state, attempts, lastAttemptAt, nextAttemptAt, deliveredAt, lastError } = row
  return {
    ...{ clientId, sid, state, attempts, lastAttemptAt, deliveredAt, lastError },
    nextAttemptAt: state === 'queued' ? nextAttemptAt : null,
  }
}
