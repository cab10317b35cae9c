import type { Context, Middleware } from 'koa'
import type { KoaContextWithOIDC } from 'oidc-provider'
import type { Database } from '../db/index.ts'
import { auditTrail } from './audit-trail.ts'
import { engineError, StorageUnavailable } from './errors.ts'
import type { OnFailure } from './failures.ts'
import { keepAlive } from './keep-alive.ts'
import type { Lifetimes } from './lifetimes.ts'
import { answerReplay, prepareRotation, settleRotation } from './rotation.ts'
import type { EnginePages } from './options.ts'
import { commit } from './store/commit.ts'
import { beginUnitOfWork } from './store/unit-of-work.ts'
import type { UnitOfWork } from './store/unit-of-work.ts'
import type { Conflict, Write } from './store/writes.ts'
import { redirectUnavailable } from './unavailable-redirect.ts'

type Deps = {
  pool: Database['pool']
  lifetimes: Lifetimes
  refreshRetryWindowSeconds: number
  pages: EnginePages
  onTokensIssued(grantType: string): void
  onFailure?: OnFailure
}

/**
 * One transaction around each engine request (docs/decisions/0003): the engine reads, decides and fills in its answer;
 * its writes are then committed together, and only after that does Koa send the answer. If it failed with 5xx nothing is
 * written. If another request was first, this one's answer is replaced by the loser's.
 */
export function requestTransaction(deps: Deps): Middleware {
  return async function requestTransaction(ctx, next) {
    const work = beginUnitOfWork(ctx.req)
    await next()
    if (ctx.status === 503) ctx.set('Retry-After', String(RETRY_AFTER_SECONDS))
    // Without `oidc` the engine had no route for it: nothing was decided, and nothing is to be written.
    if (ctx.status >= 500 || work.failed || !('oidc' in ctx)) return
    const engine = ctx as unknown as KoaContextWithOIDC
    prepareRotation(engine, work)
    keepAlive(engine, work, deps.lifetimes)
    const writes = tidy(work, ctx.status)
    writes.push(...auditTrail(engine, work, writes))
    if (writes.length > 0) await settle(ctx, work, writes)
    countIssued(ctx, engine)
  }

  async function settle(ctx: Context, work: UnitOfWork, writes: Write[]): Promise<void> {
    try {
      // Answered 503 already: what is not heard of must not happen.
      if (ctx.state.deadline?.aborted) throw new StorageUnavailable(new Error('the request took too long'))
      const result = await commit(deps.pool, writes)
      if (result.ok) return
      if (result.conflict !== 'token_consumed') {
        await giveWay(ctx, result.conflict)
        return
      }
      const engine = ctx as unknown as KoaContextWithOIDC
      const settled = await settleRotation(engine, work, writes, deps)
      if (!settled) await answerReplay(engine, deps.pool)
    } catch (error) {
      // The outcome of a commit may be unknown: tokens, codes and cookies stay here.
      for (const header of ['Location', 'Set-Cookie']) ctx.remove(header)
      const wasFine = ctx.status < 400
      ctx.body = null
      const failure = engineError(error)
      const tooLate = ctx.state.deadline?.aborted === true
      if (wasFine && !tooLate && failure instanceof StorageUnavailable && redirectUnavailable(ctx, failure)) {
        deps.onFailure?.(ctx as unknown as KoaContextWithOIDC, failure)
        return
      }
      throw failure
    }
  }

  /** The session was ended, this sign-in finished, or this device answered, by another request: nothing of ours was written, nothing goes out. */
  async function giveWay(ctx: Context, conflict: Exclude<Conflict, 'token_consumed'>): Promise<void> {
    for (const header of ['Location', 'Set-Cookie']) ctx.remove(header)
    // Asked again, the engine finds no session and answers in its own words: login_required, or the login page.
    if (conflict === 'session_ended' && ctx.method === 'GET' && ctx.path === '/authorize') {
      ctx.status = 303
      ctx.redirect(ctx.url)
      return
    }
    await deps.pages.conflict(ctx, conflict)
  }

  function countIssued(ctx: Context, engine: KoaContextWithOIDC): void {
    const route = 'oidc' in ctx ? engine.oidc.route : undefined
    if (route === 'token' && ctx.status === 200)
      deps.onTokensIssued(String(engine.oidc.params?.['grant_type']))
  }
}

const RETRY_AFTER_SECONDS = 2

/**
 * When a whole grant is revoked its tokens go with it: no need to delete them one kind at a time. And a refusal uses up nothing:
 * the engine finds out about a wrong resource only after it has consumed the code or refresh token, and a client that
 * corrects itself must not be taken for a thief (M5).
 */
function tidy({ writes }: UnitOfWork, status: number): Write[] {
  const revoked = new Set(writes.flatMap((write) => (write.do === 'revoke_grant' ? [write.grantId] : [])))
  return writes.filter(
    (write) =>
      !(write.do === 'delete_grant_tokens' && revoked.has(write.grantId)) &&
      !(status >= 400 && (write.do === 'consume_token' || write.do === 'save_token')),
  )
}
