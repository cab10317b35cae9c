import type { KoaContextWithOIDC } from 'oidc-provider'
import type { Actor } from '../audit/index.ts'
import type { UnitOfWork } from './store/unit-of-work.ts'
import type { RevocationReason, Write } from './store/writes.ts'

/** The events that a request's writes amount to, to be written with them. */
export function auditTrail(ctx: KoaContextWithOIDC, work: UnitOfWork, writes: readonly Write[]): Write[] {
  const { ip, requestId } = ctx.state as { ip?: string; requestId?: string }
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
            actor: { ...actorOf(ctx, userId), requestId },
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
            actor: { via: 'user', userId, requestId },
            detail: { reason: 'signed_out' },
          },
        },
      ]
    }
    if (write.do === 'consume_token' && beginnings.has(write.kind)) return [issue(ctx, writes)]
    if (write.do === 'decide_device_code') {
      const { clientId, grantId } = write.row
      const userId = ctx.oidc.session?.accountId
      return [
        {
          do: 'record',
          event: {
            type: write.error === null ? 'device.approved' : 'device.denied',
            userId,
            clientId: clientId ?? undefined,
            grantId: grantId ?? undefined,
            sessionUid: write.row.sessionUid ?? undefined,
            ip,
            actor: { via: 'user', userId, requestId },
            detail: write.error === null ? {} : { error: write.error },
          },
        },
      ]
    }
    if (
      write.do === 'save_session' &&
      (ctx.oidc.route === 'resume' || ctx.oidc.route === 'device_resume') &&
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
            actor: { via: 'user', userId, requestId },
            detail: { amr, acr },
          },
        },
      ]
    }
    return []
  })
}

/** What begins a life of tokens; refreshing one goes on with it and is no event. */
const beginnings = new Set(['AuthorizationCode', 'DeviceCode'])

/** The first tokens of a grant in a sign-in: what ties the session, the grant and the client together. */
function issue(ctx: KoaContextWithOIDC, writes: readonly Write[]): Write {
  const { ip, requestId } = ctx.state as { ip?: string; requestId?: string }
  const rows = writes.flatMap((write) => (write.do === 'save_token' ? [write.row] : []))
  const [first] = rows
  const clientId = ctx.oidc.client?.clientId
  const scope = ctx.oidc.entities.AccessToken?.scope
  const audience = first?.audience
  return {
    do: 'record',
    event: {
      type: 'token.issued',
      userId: first?.userId ?? undefined,
      clientId,
      grantId: first?.grantId ?? undefined,
      sessionUid: first?.sessionUid ?? undefined,
      ip,
      actor: { via: 'client', clientId, requestId },
      detail: {
        grant_type: ctx.oidc.params?.['grant_type'],
        tokens: rows.map(({ kind }) => kind),
        ...(scope !== undefined && { scope }),
        ...(audience && { audience }),
      },
    },
  }
}

/** A logout ends grants without reading them: whose they are, the session tells. */
function ofSession({ oidc }: KoaContextWithOIDC, grantId: string) {
  const authorizations = Object.entries(oidc.session?.authorizations ?? {})
  const [clientId] = authorizations.find(([, authorization]) => authorization.grantId === grantId) ?? []
  // The engine has forgotten the client already that was left alone.
  return { accountId: oidc.session?.accountId, clientId: clientId ?? oidc.client?.clientId }
}

/** Grants end by their client's request, or because it presented something twice; else by the user who signs out. */
function actorOf({ oidc }: KoaContextWithOIDC, userId: string | undefined): Actor {
  const byClient = oidc.route === 'revocation' || oidc.route === 'token'
  return byClient ? { via: 'client', clientId: oidc.client?.clientId } : { via: 'user', userId }
}

function reasonFor({ oidc }: KoaContextWithOIDC): RevocationReason {
  if (oidc.route === 'revocation') return 'revoked_by_client'
  if (oidc.route !== 'token') return 'signed_out'
  return oidc.params?.['grant_type'] === 'refresh_token' ? 'refresh_token_reused' : 'code_replayed'
}
