import { randomUUID } from 'node:crypto'
import { record as recordEvent } from '../../audit/index.ts'
import type { Actor } from '../../audit/index.ts'
import { afterCommit, Prisma } from '../../db/index.ts'
import type { Tx } from '../../db/index.ts'
import { enqueue } from '../../queue/index.ts'
import { endMailTickets, forgetTrustedBrowsers } from '../../users/index.ts'
import { noCounts, plus } from './counts.ts'
import type { RevocationCounts } from './counts.ts'
import { cut, databaseNow, sparing } from './cut.ts'
import type { Keep } from './cut.ts'
import { endRows } from './end-rows.ts'
import type { Batch, Ended } from './end-rows.ts'
import { noticesForGrants } from './notices.ts'
import { tellObservers } from './observe.ts'
import { revocationRound, SETTLED_SECONDS } from './round.ts'
import { settle } from './settle.ts'
import { coveredBy, handleOf, namedGrants, recordOf } from './selector.ts'
import type { Covered, Selector, SelectorRecord } from './selector.ts'
import type { KeepRecord } from './settle.ts'

const { sql } = Prisma

export type RevocationOptions = {
  /** A word or sentence, kept in the receipt and the audit. */
  reason: string
  ip?: string | undefined
  actor?: Actor | undefined
  keep?: Keep | undefined
  /** Whether relying parties are told by back-channel logout. */
  notify?: boolean | undefined
}

/** What became of a revocation when its transaction was ready to commit. */
export type Revoked = {
  id: string
  state: 'running' | 'completed'
  effectiveAt: Date
  counts: RevocationCounts
  /** The last instant at which a JWT access token that ended could be accepted by someone who does not check. */
  jwtUntil: Date | null
}

/** As much is ended in the transaction itself; beyond it the cut does, and the rows follow in batches. */
const AT_ONCE = { rows: 200, tokens: 250 }

/**
 * The one way in which access ends: "user disabled", "client deleted", "password changed", "consent withdrawn", "signed out
 * everywhere" are this function with another selector. In the caller's transaction it sets the instant up to which nothing is
 * accepted, ends the rows, queues the back-channel logouts, and writes the receipt; when the transaction resolves every door on
 * every instance refuses. Of a large selection only the rows are left for later (`state` is then running): its effect is not.
 */
export async function revoke(tx: Tx, selector: Selector, options: RevocationOptions): Promise<Revoked> {
  const { reason, ip, actor, keep = {}, notify = true } = options
  const id = randomUUID()
  const grantIds = await namedGrants(tx, selector)
  const cutAt = await cut(tx, selector, keep)
  const createdAt = await databaseNow(tx)
  const effectiveAt = cutAt ?? createdAt
  const record = recordOf(selector)
  const kept = cutAt === null ? {} : keep
  const covered = sparing(coveredBy(record, grantIds, cutAt), kept)
  const batch = { id, record, covered, notify, limit: UNLIMITED }
  const isSmall = await fits(tx, covered)
  const ended: Ended & { record?: SelectorRecord } = isSmall
    ? await endRows(tx, batch)
    : await endVisible(tx, batch, grantIds, effectiveAt)
  const state = ended.done ? 'completed' : 'running'
  const { counts, jwtUntil } = ended
  // What is younger than an instant in the past was meant to stay; an instant to come is as good as none.
  const before = 'issuedBefore' in selector ? selector.issuedBefore : undefined
  const isSettled = cutAt === null || cutAt.getTime() === before?.getTime()
  await tx.revocation.create({
    data: {
      ...{ id, createdAt, effectiveAt, state, reason, notify, counts, jwtUntil },
      selector: ended.record ?? record,
      actor: actor ?? {},
      ...(Object.values(kept).some(Boolean) ? { keep: keptOf(kept) } : {}),
      ...(state === 'completed' ? { completedAt: createdAt } : {}),
      ...(isSettled ? { settledAt: createdAt } : {}),
    },
    select: { id: true },
  })
  if (state === 'running' || !isSettled)
    await enqueue(tx, revocationRound, {}, { delaySeconds: state === 'running' ? 0 : SETTLED_SECONDS })
  tellObservers(tx, selector, reason)
  if (!isSettled) afterCommit(tx, (transaction) => transaction((next) => settle(next, id, selector, keep)))
  // Whoever copied a browser's cookie loses what it was good for, with everything else: also the new address they asked for.
  if ('userId' in selector && selector.clientId === undefined) {
    await forgetTrustedBrowsers(tx, selector.userId, { ip, actor })
    await endMailTickets(tx, selector.userId, ['change_email'])
  }
  const owner = 'sessionUid' in selector ? await ownerOf(tx, selector.sessionUid) : record.user_id
  await tell(tx, { id, record, owner, counts, state, reason, ip, actor })
  return { id, state, effectiveAt, counts, jwtUntil }
}

const UNLIMITED = 2_000_000_000

/**
 * Of a large selection, what must be marked for it to have its effect: nothing where a cut has it already; the session and the
 * grants where they were named. Their tokens are then dead, and cleared away later.
 */
async function endVisible(
  tx: Tx,
  batch: Batch,
  grantIds: string[],
  effectiveAt: Date,
): Promise<Ended & { record?: SelectorRecord }> {
  const jwtUntil = await latestJwt(tx, effectiveAt)
  if (grantIds.length === 0) return { counts: noCounts, jwtUntil, done: false }
  const { record, covered, id, notify } = batch
  const sessions = await endRows(tx, { ...batch, covered: { ...covered, grants: null, tokens: null } })
  if (notify) await noticesForGrants(tx, id, grantIds)
  const { count } = await tx.grant.updateMany({
    where: { id: { in: grantIds }, revokedAt: null },
    data: { revokedAt: new Date() },
  })
  return {
    counts: plus(sessions.counts, { grants: count }),
    jwtUntil,
    done: false,
    record: { ...record, remaining_grants: grantIds },
  }
}

/** Few enough rows to be ended here and now? Looks no further than it must. */
async function fits(tx: Tx, covered: Covered): Promise<boolean> {
  const { rows, tokens } = AT_ONCE
  const count = async (query: Prisma.Sql, limit: number) => {
    const [found] = await tx.$queryRaw<
      { n: number }[]
    >`SELECT count(*)::int AS n FROM (${query} LIMIT ${limit + 1}) AS few`
    return (found?.n ?? 0) <= limit
  }
  if (covered.sessions)
    if (
      !(await count(sql`SELECT 1 FROM sessions s WHERE ${covered.sessions} AND s.revoked_at IS NULL`, rows))
    )
      return false
  if (covered.interactions)
    if (!(await count(sql`SELECT 1 FROM interactions i WHERE ${covered.interactions}`, rows))) return false
  if (covered.grants) {
    const grants = await tx.$queryRaw<{ id: string }[]>`
      SELECT g.id FROM grants g WHERE ${covered.grants} AND g.revoked_at IS NULL LIMIT ${rows + 1}`
    if (grants.length > rows) return false
    const ids = grants.map(({ id }) => id)
    const under = sql`SELECT 1 FROM unnest(${ids}::text[]) AS named(id)
      CROSS JOIN LATERAL (SELECT 1 FROM tokens WHERE grant_id = named.id LIMIT ${tokens + 1}) t`
    if (!(await count(under, tokens))) return false
  }
  return !covered.tokens || count(sql`SELECT 1 FROM tokens t WHERE ${covered.tokens}`, tokens)
}

/** Until the rows have told: no JWT can live longer than the longest lifetime that an API has. */
async function latestJwt(tx: Tx, from: Date): Promise<Date | null> {
  const longest = await tx.resourceServer.aggregate({
    where: { accessTokenFormat: 'jwt' },
    _max: { accessTokenTtl: true },
  })
  const seconds = longest._max.accessTokenTtl
  return seconds === null ? null : new Date(from.getTime() + seconds * 1000)
}

type Told = Pick<RevocationOptions, 'reason' | 'ip' | 'actor'> & {
  id: string
  record: SelectorRecord
  /** Whose access it was, if it was one user's. */
  owner: string | undefined
  counts: RevocationCounts
  state: string
}

/** Whose session it is. Written down now: who hears of its end later may find nothing of it. */
async function ownerOf(tx: Tx, uid: string): Promise<string | undefined> {
  const session = await tx.session.findUnique({ where: { uid }, select: { userId: true } })
  return session?.userId ?? undefined
}

async function tell(tx: Tx, { id, record, owner, counts, state, reason, ip, actor }: Told): Promise<void> {
  const subject = {
    userId: owner,
    clientId: record.client_id,
    grantId: record.grant_id,
    sessionUid: record.session_id,
  }
  const detail = { revocation_id: id, reason, ...counts }
  if (counts.sessions > 0) await recordEvent(tx, { type: 'session.ended', ...subject, ip, actor, detail })
  if (counts.grants > 0) await recordEvent(tx, { type: 'grant.revoked', ...subject, ip, actor, detail })
  await recordEvent(tx, {
    ...{ type: 'access.revoked' as const, ...subject, ip, actor },
    detail: { ...detail, selector: record, state },
  })
}

function keptOf({ sessionUid, grantId, token }: Keep): KeepRecord {
  return {
    ...(sessionUid ? { session_id: sessionUid } : {}),
    ...(grantId ? { grant_id: grantId } : {}),
    ...(token ? { token: handleOf(token) } : {}),
  }
}
