import type { KoaContextWithOIDC } from 'oidc-provider'
import { openFor, sealFor } from '../crypto/index.ts'
import type { Database } from '../db/index.ts'
import { commit } from './store/commit.ts'
import { readToken } from './store/reads.ts'
import type { StoredToken } from './store/reads.ts'
import { idDigest } from './store/rows.ts'
import type { UnitOfWork } from './store/unit-of-work.ts'
import type { RevocationReason, Write } from './store/writes.ts'

/**
 * Refresh token rotation that a lost answer cannot break (RFC 9700 section 4.14.2, RT-03, RT-07).
 * The token a client rotates away keeps its successor, sealed under a key derived from itself: neither the database nor
 * anyone without the old token can open it. Presented again by the same client within a short window that does not slide,
 * it yields that same successor; after the window it is a reuse, and the family ends.
 */
const CONTEXT = 'refresh-token-successor'

type Answer = { refresh_token?: string }

/** Before the commit: seal the successor into the consumed token, or hand out the one that is there already. */
export function prepareRotation(ctx: KoaContextWithOIDC, work: UnitOfWork): void {
  const presented = presentedRefreshToken(ctx)
  const body = ctx.body as Answer | undefined
  if (presented === undefined || ctx.status !== 200 || typeof body?.refresh_token !== 'string') return
  if (work.retried) return handOutAgain(work, body, presented, work.retried)
  const successor = body.refresh_token
  for (const write of work.writes)
    if (write.do === 'consume_token' && write.kind === 'RefreshToken')
      write.successor = sealFor(presented, successor, CONTEXT)
}

/**
 * After a commit that lost against another redemption of the same refresh token: if that was a moment ago, this is the same
 * client in parallel, and it gets the winner's successor. False when it is a replay.
 */
export async function settleRotation(
  ctx: KoaContextWithOIDC,
  work: UnitOfWork,
  writes: Write[],
  deps: { pool: Database['pool']; refreshRetryWindowSeconds: number },
): Promise<boolean> {
  const presented = presentedRefreshToken(ctx)
  if (presented === undefined) return false
  const row = await readToken(deps.pool, 'digest', idDigest(presented), 'RefreshToken')
  if (!row?.successor || (row.consumedForSeconds ?? Infinity) >= deps.refreshRetryWindowSeconds) return false
  work.writes = writes
  handOutAgain(work, ctx.body as Answer, presented, row)
  const result = await commit(deps.pool, work.writes)
  return result.ok
}

/** A code or refresh token used twice: everything under its grant ends, and the second caller is told what the engine tells. */
export async function answerReplay(ctx: KoaContextWithOIDC, pool: Database['pool']): Promise<void> {
  const reason: RevocationReason =
    presentedRefreshToken(ctx) === undefined ? 'code_replayed' : 'refresh_token_reused'
  const grant = ctx.oidc.entities.Grant
  if (!grant?.jti) throw new Error('a token was redeemed without its grant')
  await commit(pool, [
    { do: 'revoke_grant', grantId: grant.jti },
    {
      do: 'record',
      event: {
        type: 'grant.revoked',
        grantId: grant.jti,
        userId: grant.accountId,
        clientId: grant.clientId,
        detail: { reason },
      },
    },
  ])
  ctx.status = 400
  ctx.body = { error: 'invalid_grant', error_description: 'grant request is invalid' }
}

function handOutAgain(work: UnitOfWork, body: Answer, presented: string, row: StoredToken): void {
  if (row.successor === null) throw new Error('a rotated refresh token without its successor')
  body.refresh_token = openFor(presented, row.successor, CONTEXT)
  // One family member, however many retries: neither consumed twice nor given a second successor.
  work.writes = work.writes.filter(
    (write) =>
      !(write.do === 'consume_token' || (write.do === 'save_token' && write.row.kind === 'RefreshToken')),
  )
}

function presentedRefreshToken({ oidc }: KoaContextWithOIDC): string | undefined {
  if (oidc.route !== 'token' || oidc.params?.['grant_type'] !== 'refresh_token') return undefined
  const value = oidc.params['refresh_token']
  return typeof value === 'string' ? value : undefined
}
