import type { Context, Middleware } from 'koa'
import { RateLimiterMemory, type RateLimiterRes } from 'rate-limiter-flexible'
import { HttpProblem } from './http-problem.ts'

/** How often one key may come by. */
export interface RateLimit {
  /** Names the limit in the log. */
  name: string
  points: number
  perSeconds: number
  /** Whom to count, e.g. `addressBlock(ctx.state.ip)`; undefined lets the request through uncounted. */
  key: (ctx: Context) => string | undefined
  /** Asked when a request has been answered: whether it turned out not to count after all. */
  giveBack?: (ctx: Context) => boolean
  /** How many keys are remembered at once. Beyond it the one whose window began first is forgotten. */
  maxKeys?: number
}

/**
 * Lets `points` requests of a key through in a window of `perSeconds` and answers the others with 429 and Retry-After
 * (HT-05, RFC 6585 §4). Counts in the memory of this process: a first line that keeps floods from the database, while
 * guesses at secrets are counted in the database. All windows are equally long, so forgetting the oldest only shortens it.
 */
export function rateLimit({
  name,
  points,
  perSeconds,
  key,
  giveBack = () => false,
  maxKeys = 10_000,
}: RateLimit): Middleware {
  const limiter = new RateLimiterMemory({ points, duration: perSeconds })
  const windowEnds = new Map<string, number>()

  const remember = async (id: string, now: number): Promise<void> => {
    if ((windowEnds.get(id) ?? 0) > now) return
    windowEnds.delete(id)
    for (const [oldest, end] of windowEnds) {
      if (end > now && windowEnds.size < maxKeys) break
      windowEnds.delete(oldest)
      await limiter.delete(oldest)
    }
    windowEnds.set(id, now + perSeconds * 1000)
  }

  return async function rateLimit(ctx, next) {
    const id = key(ctx)
    if (id !== undefined) {
      await remember(id, Date.now())
      const refused = await limiter.consume(id).then(() => undefined, asRefusal)
      if (refused) {
        const seconds = Math.max(1, Math.ceil(refused.msBeforeNext / 1000))
        throw new HttpProblem(429, { reason: `rate_${name}`, headers: { 'Retry-After': String(seconds) } })
      }
    }
    await next()
    if (id !== undefined && giveBack(ctx)) await limiter.reward(id)
  }
}

// The library rejects with its verdict; a real Error would be a bug of ours.
function asRefusal(reason: unknown): RateLimiterRes {
  if (reason instanceof Error) throw reason
  return reason as RateLimiterRes
}
