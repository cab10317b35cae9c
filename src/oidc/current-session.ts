import type { Context } from 'koa'
import type { Database } from '../db/index.ts'
import { sessionCookie } from './cookies.ts'
import { engineError } from './errors.ts'
import { factorsOfSession } from './session-factors.ts'
import { now, sessionEnd, stepTo } from './lifetimes.ts'
import type { Lifetimes } from './lifetimes.ts'
import { readSession } from './store/reads.ts'
import type { StoredSession } from './store/reads.ts'
import { idDigest, isReadable } from './store/rows.ts'

/** The sign-in of the browser that asks, as our own pages see it. */
export type CurrentSession = {
  uid: string
  userId: string
  /** How they proved who they are, and how strong that was (RFC 8176, OIDC Core section 2). */
  amr: string[]
  acr: string | null
  signedInAt: Date
  /** When a second factor was last shown; null: never. What `amr` tells of may be long ago. */
  secondFactorAt: Date | null
  /** When this was read, by the database's clock. */
  readAt: Date
}

type Deps = { database: Pick<Database, 'pool'>; lifetimes: Lifetimes }

/**
 * The living session whose signed cookie this browser brings, or null: not ended, not idle for too long, not past its absolute end,
 * not before a cut, its user there and not disabled, the same refusals as at every other door. Asking is a use of the session: it
 * moves the idle end, in the row and in the cookie, never the absolute one (SE-03). Passes on storage trouble: nobody is signed out
 * because the database is away.
 */
export async function currentSession(
  { database, lifetimes }: Deps,
  ctx: Context,
): Promise<CurrentSession | null> {
  const cookie = sessionCookie.get(ctx)
  if (cookie === undefined || !isReadable(cookie)) return null
  try {
    const { session, user } = await readSession(database.pool, 'digest', idDigest(cookie))
    if (!session || !user || isOver(session, lifetimes)) return null
    await keepAlive(database.pool, ctx, { session, cookie, lifetimes })
    const { acr, amr, loginTs = 0 } = session.payload
    return {
      ...{ uid: session.uid, userId: user.id, amr: amr ?? [], acr: acr ?? null },
      signedInAt: new Date(loginTs * 1000),
      secondFactorAt: secondFactorAt(session),
      readAt: session.readAt,
    }
  } catch (error) {
    throw engineError(error)
  }
}

function secondFactorAt({ payload }: StoredSession): Date | null {
  const { otp, passkey, recovery_code: code } = factorsOfSession(payload)
  const shown = [otp, passkey, code].filter((at) => at !== undefined)
  return shown.length > 0 ? new Date(Math.max(...shown) * 1000) : null
}

function isOver({ expiresAt, payload, readAt }: StoredSession, { sessionAbsolute }: Lifetimes): boolean {
  if (expiresAt !== null && expiresAt <= readAt) return true
  return payload.loginTs === undefined || now() - payload.loginTs > sessionAbsolute
}

async function keepAlive(
  pool: Database['pool'],
  ctx: Context,
  { session, cookie, lifetimes }: { session: StoredSession; cookie: string; lifetimes: Lifetimes },
): Promise<void> {
  if (session.expiresAt === null) return
  const end = sessionEnd(session.payload.loginTs, lifetimes)
  if (end - session.expiresAt.getTime() / 1000 < stepTo(end)) return
  const expiresAt = new Date(end * 1000)
  // Never back to the front: another instance, with a clock that is ahead, may have moved it further.
  const { rowCount } = await pool.query({
    name: 'use_session',
    text: `UPDATE sessions SET expires_at = GREATEST(expires_at, $2), updated_at = now()
      WHERE uid = $1 AND digest = $3 AND revoked_at IS NULL`,
    values: [session.uid, expiresAt, idDigest(cookie)],
  })
  if (rowCount !== 1 || session.payload['transient'] === true) return
  sessionCookie.set(ctx, cookie, { until: expiresAt })
}
