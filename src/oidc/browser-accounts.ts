import type { Context } from 'koa'
import type { Database } from '../db/index.ts'
import { ownCookie } from '../http/index.ts'
import { sessionCookie } from './cookies.ts'
import { readSession } from './store/reads.ts'
import { idDigest, isReadable } from './store/rows.ts'

/** Somebody signed in in this browser: at most one of them is the one that apps see. */
export type BrowserAccount = { sessionUid: string; userId: string; email: string; name: string | null }

export type BrowserAccounts = {
  current: BrowserAccount | null
  /** The others, the one that was left last first. */
  parked: BrowserAccount[]
}

/** How many accounts one browser can be signed in with besides the current one. */
export const MOST_PARKED = 4

type Held = BrowserAccount & { cookie: string; expiresAt: Date | null }
type Pool = Database['pool']

const parkedCookie = ownCookie('cardea_parked')

/**
 * Who is signed in in this browser. The engine knows one session, and its cookie; the others wait in a cookie of ours, as values of
 * the same kind: each is as good as a session's cookie, and ends with its session like one.
 */
export async function browserAccounts(pool: Pool, ctx: Context): Promise<BrowserAccounts> {
  const { current, parked } = await held(pool, ctx)
  return { current: current && shown(current), parked: parked.map(shown) }
}

/**
 * Sets the browser's cookies so that the session `current` is the one that apps see, and `parked` (uids, in this order) wait. Takes
 * only what this browser holds and what still counts; whatever is named in neither is forgotten here, and should have been ended
 * before. `current: null` leaves the browser without a session, for the next sign-in to begin one of its own.
 */
export async function arrangeAccounts(
  pool: Pool,
  ctx: Context,
  { current, parked }: { current: string | null; parked: readonly string[] },
): Promise<void> {
  const before = await held(pool, ctx)
  const all = [...(before.current ? [before.current] : []), ...before.parked]
  const find = (uid: string) => all.find(({ sessionUid }) => sessionUid === uid)
  const next = current === null ? undefined : find(current)
  if (next) sessionCookie.set(ctx, next.cookie, { until: next.expiresAt })
  else sessionCookie.clear(ctx)
  const waiting = parked.flatMap((uid) => find(uid) ?? []).slice(0, MOST_PARKED)
  const value = waiting.map(({ cookie }) => cookie).join('.')
  const last = Math.max(...waiting.map(({ expiresAt }) => expiresAt?.getTime() ?? 0))
  if (value === '') parkedCookie.clear(ctx)
  else parkedCookie.set(ctx, value, { until: new Date(last) })
}

async function held(pool: Pool, ctx: Context): Promise<{ current: Held | null; parked: Held[] }> {
  const one = sessionCookie.get(ctx)
  const others = parkedCookie.get(ctx)?.split('.') ?? []
  const [current = null, ...parked] = await Promise.all(
    [one ?? '', ...others.slice(0, MOST_PARKED)].map((cookie) => read(pool, cookie)),
  )
  const seen = new Set(current ? [current.sessionUid] : [])
  const isNew = (found: Held | null): found is Held =>
    found !== null && !seen.has(found.sessionUid) && Boolean(seen.add(found.sessionUid))
  return { current, parked: parked.filter(isNew) }
}

async function read(pool: Pool, cookie: string): Promise<Held | null> {
  if (cookie === '' || !isReadable(cookie)) return null
  const { session, user } = await readSession(pool, 'digest', idDigest(cookie))
  if (!session || !user || (session.expiresAt !== null && session.expiresAt <= session.readAt)) return null
  const { uid: sessionUid, expiresAt } = session
  return { cookie, sessionUid, userId: user.id, email: user.email, name: user.name, expiresAt }
}

function shown({ sessionUid, userId, email, name }: Held): BrowserAccount {
  return { sessionUid, userId, email, name }
}
