import type { Context } from 'koa'
import type { By } from '../../audit/index.ts'
import type { Tx } from '../../db/index.ts'
import { speak } from '../../http/index.ts'
import { holdSession } from '../../oidc/index.ts'
import type { CurrentSession } from '../../oidc/index.ts'
import { findUser, hasSecondFactor, lockUser } from '../../users/index.ts'
import type { User } from '../../users/index.ts'
import type { AccountDeps } from '../deps.ts'

/** A sign-in as old as this is not enough for a change that matters. */
export const FRESH_SECONDS = 300

/** So far apart may clocks be. */
const SKEW_SECONDS = 60

/** Somebody at their own pages. */
export type Visitor = {
  session: CurrentSession
  user: User
  /** They proved who they are within the last five minutes, with their second factor if they have one. */
  isFresh: boolean
  /** They have shown a second factor within that time. */
  hasShownFactor: boolean
  /** Whether there can be passkeys at all, and so whether theirs count. */
  passkeysWork: boolean
}

/** Who is signed in in this browser; null when nobody is. From here on pages are in the language of their account. */
export async function visitorOf(
  { oidc, database, passkeySite }: AccountDeps,
  ctx: Context,
): Promise<Visitor | null> {
  const session = await oidc.sessionOf(ctx)
  if (!session) return null
  const user = await findUser(database.prisma, session.userId)
  if (!user || user.disabledAt !== null) return null
  speak(ctx, { locale: user.locale })
  const { signedInAt, secondFactorAt, readAt } = session
  // By its own time: a password alone may have made a sign-in young again whose second factor was shown hours ago.
  const hasShownFactor = session.amr.includes('mfa') && isRecent(secondFactorAt, readAt)
  const passkeysWork = passkeySite !== null
  const isStrong = hasShownFactor || !(await hasSecondFactor(database.prisma, user.id, { passkeysWork }))
  const isFresh = isStrong && isRecent(signedInAt, readAt)
  return { session, user, isFresh, hasShownFactor, passkeysWork }
}

/** Thrown to undo a change whose visitor may not make it any more. */
export class VisitorGone extends Error {
  override readonly name = 'VisitorGone'
}

/**
 * Runs a change in one transaction, if its visitor may still make it: between the request and now their session may have ended, the
 * account may have been disabled, or have got a second factor that was not shown. Throws `VisitorGone` then.
 */
export function changeAs<T>(
  { database }: Pick<AccountDeps, 'database'>,
  visitor: Visitor,
  work: (tx: Tx) => Promise<T>,
): Promise<T> {
  return database.transaction(async (tx) => {
    await stillThere(tx, visitor)
    return work(tx)
  })
}

/** The look that `changeAs` takes, for a transaction that somebody else opens. From here on their row is locked, and their session stays. */
export async function stillThere(tx: Tx, visitor: Visitor): Promise<void> {
  const { user, session, isFresh, hasShownFactor, passkeysWork } = visitor
  await lockUser(tx, user.id)
  if (!(await holdSession(tx, session.uid))) throw new VisitorGone()
  if (isFresh && !hasShownFactor && (await hasSecondFactor(tx, user.id, { passkeysWork })))
    throw new VisitorGone()
}

/**
 * In whole seconds, as the engine reckons `max_age`, but by the database's clock: whichever instance looks, it is the same. The one that
 * wrote may have been ahead by as much as clocks are; what lies further in the future is no time at all.
 */
function isRecent(at: Date | null, now: Date): boolean {
  if (at === null) return false
  const age = Math.floor(now.getTime() / 1000) - Math.floor(at.getTime() / 1000)
  return age >= -SKEW_SECONDS && age <= FRESH_SECONDS
}

/** Who asks for a change, for the audit. */
export function byVisitor(ctx: Context, { user }: Visitor): By & { ip: string } {
  return {
    ip: ctx.state.ip,
    actor: { via: 'user', userId: user.id, requestId: ctx.state.requestId },
  }
}

/** What the CSRF tokens of a visitor's forms are bound to. */
export function formBinding({ session }: Visitor): string {
  return `account:${session.uid}`
}
