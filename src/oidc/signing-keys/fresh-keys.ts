import type { Middleware } from 'koa'
import type { FollowedKeys } from './follow-keys.ts'

/**
 * Before anything else of a request: a process that was stopped meanwhile looks at the keys first (FT-24). The published keys are given out
 * as they are known while the database is away (FT-01); what may be signed is refused with 503 when nobody knows any more with what.
 */
export function freshKeys(keys: Pick<FollowedKeys, 'refresh' | 'toSign'>): Middleware {
  return async function freshKeys(ctx, next) {
    const onlyPublishes = ctx.path === '/jwks' || ctx.path.startsWith('/.well-known/')
    await (onlyPublishes ? keys.refresh() : keys.toSign())
    await next()
  }
}
