import type { Context } from 'koa'
import { rateLimit } from '../../http/index.ts'
import type { Receiver } from './receiver.ts'

/** Ten a second: enough for whoever polls without waiting, too little to fill the audit. */
const REQUESTS_PER_MINUTE = 600

/**
 * Bounds how often one client may ask, whatever its tokens and addresses, and apart from it each person who asks with a token of theirs: throws
 * 429 with Retry-After. Counted by each process.
 */
export function createClientLimit(): (ctx: Context, receiver: Receiver) => Promise<void> {
  const clients = new WeakMap<Context, string>()
  const limit = rateLimit({
    ...{ name: 'ssf_client', points: REQUESTS_PER_MINUTE, perSeconds: 60 },
    key: (ctx) => clients.get(ctx),
  })
  return async (ctx, { clientId, userId }) => {
    clients.set(ctx, JSON.stringify([clientId, userId]))
    await limit(ctx, () => Promise.resolve())
  }
}
