import type { Middleware } from 'koa'
import { addressBlock, rateLimit } from '../http/index.ts'

const path = '/global-token-revocation'

/**
 * Bounds what somebody without the right can make the endpoint for security tools do: each refusal may be an audit event, and each
 * JWT that is none a look at the keys that a client publishes. Counted per address, before anything is read; what a caller with the
 * right asks for does not count, so that a tool may end the access of any number of people.
 */
export function revocationLimit(refusalsPerMinute: number): Middleware {
  return rateLimit({
    name: 'global_token_revocation',
    points: refusalsPerMinute,
    perSeconds: 60,
    key: (ctx) => (ctx.path === path && ctx.method === 'POST' ? addressBlock(ctx.state.ip) : undefined),
    giveBack: ({ status }) => status === 204 || status === 404,
  })
}
