import type { KoaContextWithOIDC } from 'oidc-provider'
import { now, refreshTokenEnd, sessionEnd } from './lifetimes.ts'
import type { Lifetimes } from './lifetimes.ts'
import { idDigest } from './store/rows.ts'
import type { UnitOfWork } from './store/unit-of-work.ts'

/** Not worth a write more often than this. */
const STEP_SECONDS = 60

/**
 * A refresh is a sign of life: it moves the idle end of a refresh token that is not rotated, and of the session it hangs
 * from, up to their absolute ends (RT-05, SE-03).
 */
export function keepAlive(
  { oidc, status }: KoaContextWithOIDC,
  work: UnitOfWork,
  lifetimes: Lifetimes,
): void {
  if (oidc.route !== 'token' || status !== 200 || oidc.params?.['grant_type'] !== 'refresh_token') return
  const token = oidc.entities.RefreshToken
  if (!token) return
  if (!oidc.entities.RotatedRefreshToken) {
    const end = refreshTokenEnd(token.iiat ?? now(), lifetimes)
    if (token.exp !== undefined && end - token.exp > STEP_SECONDS)
      work.writes.push({
        do: 'extend_token',
        kind: 'RefreshToken',
        digest: idDigest(token.jti),
        expiresAt: new Date(end * 1000),
      })
  }
  const session =
    token.expiresWithSession && token.sessionUid ? work.sessionsByUid.get(token.sessionUid) : undefined
  if (session?.expiresAt) {
    const end = sessionEnd(session.payload.loginTs, lifetimes)
    if (end * 1000 - session.expiresAt.getTime() > STEP_SECONDS * 1000)
      work.writes.push({ do: 'extend_session', uid: session.uid, expiresAt: new Date(end * 1000) })
  }
}
