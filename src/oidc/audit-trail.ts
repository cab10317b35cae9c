import type { KoaContextWithOIDC } from 'oidc-provider'
import type { UnitOfWork } from './store/unit-of-work.ts'
import type { RevocationReason, Write } from './store/writes.ts'

/** The events that a request's writes amount to, to be written with them. */
export function auditTrail(ctx: KoaContextWithOIDC, work: UnitOfWork, writes: readonly Write[]): Write[] {
  const ip = (ctx.state as { ip?: string }).ip
  return writes.flatMap((write): Write[] => {
    if (write.do === 'revoke_grant') {
      const { accountId: userId, clientId } =
        work.grants.get(write.grantId)?.payload ?? ofSession(ctx, write.grantId)
      return [
        {
          do: 'record',
          event: {
            type: 'grant.revoked',
            grantId: write.grantId,
            userId,
            clientId,
            ip,
            detail: { reason: reasonFor(ctx) },
          },
        },
      ]
    }
    if (write.do === 'revoke_session') {
      const userId = work.sessionsByUid.get(write.uid)?.payload.accountId
      return [
        {
          do: 'record',
          event: {
            type: 'session.ended',
            sessionUid: write.uid,
            userId,
            ip,
            detail: { reason: 'signed_out' },
          },
        },
      ]
    }
    if (
      write.do === 'save_session' &&
      ctx.oidc.route === 'resume' &&
      ctx.oidc.result?.login &&
      ctx.oidc.session
    ) {
      const { accountId: userId, amr, acr, loginTs } = ctx.oidc.session
      // The result rides along to the consent step; the session starts only once.
      if (work.sessionsByUid.get(write.row.uid)?.payload.loginTs === loginTs) return []
      return [
        {
          do: 'record',
          event: {
            type: 'session.started',
            sessionUid: write.row.uid,
            userId,
            clientId: ctx.oidc.client?.clientId,
            ip,
            detail: { amr, acr },
          },
        },
      ]
    }
    return []
  })
}

/** A logout ends grants without reading them: whose they are, the session tells. */
function ofSession({ oidc }: KoaContextWithOIDC, grantId: string) {
  const authorizations = Object.entries(oidc.session?.authorizations ?? {})
  const [clientId] = authorizations.find(([, authorization]) => authorization.grantId === grantId) ?? []
  // The engine has forgotten the client already that was left alone.
  return { accountId: oidc.session?.accountId, clientId: clientId ?? oidc.client?.clientId }
}

function reasonFor({ oidc }: KoaContextWithOIDC): RevocationReason {
  if (oidc.route === 'revocation') return 'revoked_by_client'
  if (oidc.route !== 'token') return 'signed_out'
  return oidc.params?.['grant_type'] === 'refresh_token' ? 'refresh_token_reused' : 'code_replayed'
}
