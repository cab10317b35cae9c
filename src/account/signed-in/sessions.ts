import { text } from '../../language/index.ts'
import type { Context } from 'koa'
import type { DeviceView } from '../../http/index.ts'
import { findSession, newestSessions, rememberBrowser, revoke } from '../../oidc/index.ts'
import type { AccountDeps } from '../deps.ts'
import { knowAgain } from './changes.ts'
import { deviceWords, isHandheld } from './device.ts'
import { goOn, segment } from './frame.ts'
import type { Act, Show } from './frame.ts'
import { show } from './show.ts'
import { byVisitor, changeAs } from './visitor.ts'

const MOST = 100
const HERE = '/account/sessions'

/** Every browser that is signed in, this one first, then the last used; of very many, those that signed in last. */
export const showSessions: Show = async (deps, ctx, visitor) => {
  const { user, session: own } = visitor
  const db = deps.database.prisma
  const newest = await newestSessions(db, { userId: user.id, limit: MOST + 1 })
  // Found by itself: this one may be older than all that are listed.
  const here = newest.find(({ id }) => id === own.uid) ?? (await findSession(db, own.uid))
  const others = newest.filter(({ id }) => id !== own.uid)
  const found = here?.active ? [here, ...others] : others
  const sessions = found
    .slice(0, MOST)
    .map((session) => ({
      id: session.id,
      device: deviceView(deps, ctx, session),
      current: session.id === own.uid,
      startedAt: session.signedInAt ?? session.createdAt,
      lastUsedAt: session.lastSeenAt,
    }))
    .sort((a, b) => Number(b.current) - Number(a.current) || b.lastUsedAt.getTime() - a.lastUsedAt.getTime())
  show(deps, ctx, visitor, 'account/sessions', { sessions, hasMore: found.length > MOST })
}

/** Ends one session of this person's own, with what apps got in it; somebody else's is not there. */
export const endSession: Act = async (deps, ctx, visitor) => {
  const uid = segment(ctx, 'id')
  const { user, session: own } = visitor
  if (uid === own.uid) {
    goOn(ctx, HERE)
    return
  }
  const isEnded = await changeAs(deps, visitor, async (tx) => {
    const session = await findSession(tx, uid)
    if (session?.userId !== user.id || !session.active) return false
    await revoke(tx, { sessionUid: uid }, { reason: 'ended_by_user', ...byVisitor(ctx, visitor) })
    return true
  })
  goOn(ctx, HERE, isEnded ? 'sessionEnded' : 'gone')
}

/** Ends everything but this session: other browsers, and every token of every app. This browser stays known. */
export const endOtherSessions: Act = async (deps, ctx, visitor) => {
  const { user, session } = visitor
  const browserToken = await changeAs(deps, visitor, async (tx) => {
    await revoke(
      tx,
      { userId: user.id },
      { reason: 'others_ended_by_user', ...byVisitor(ctx, visitor), keep: { sessionUid: session.uid } },
    )
    return knowAgain(tx, ctx, visitor)
  })
  rememberBrowser(ctx, browserToken)
  goOn(ctx, HERE, 'othersEnded')
}

/** A browser as its owner knows it again. */
export function deviceView(
  { findPlace }: Pick<AccountDeps, 'findPlace'>,
  ctx: Context,
  { userAgent, ip }: { userAgent: string | null; ip: string | null },
): DeviceView {
  return {
    words: userAgent === null ? text('account:self.device.unknown') : deviceWords(userAgent),
    handheld: isHandheld(userAgent),
    place: findPlace(ip, ctx.state.language),
    ip,
  }
}
