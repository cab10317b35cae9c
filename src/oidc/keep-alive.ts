import type { KoaContextWithOIDC } from 'oidc-provider'
import { now, refreshTokenEnd, sessionEnd, stepTo } from './lifetimes.ts'
import type { Lifetimes } from './lifetimes.ts'
import { idDigest } from './store/rows.ts'
import type { UnitOfWork } from './store/unit-of-work.ts'

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
    if (token.exp !== undefined && end - token.exp >= stepTo(end))
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
    if (end - session.expiresAt.getTime() / 1000 >= stepTo(end))
      work.writes.push({ do: 'extend_session', uid: session.uid, expiresAt: new Date(end * 1000) })
  }
}
