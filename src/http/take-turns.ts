import type { Context, Middleware } from 'koa'

const MOST_WAITING = 1000
const LONGEST_WAIT_MS = 2000

type Waiting = { ctx: Context; share: string; since: number; go: (how: 'in' | 'away') => void }

/**
 * Lets at most `perTurn` requests of a kind in every `everyMs` milliseconds, in the order they came; the others wait for the next
 * turns. When hundreds of them arrive at one moment, whatever else arrives is served in between instead of behind them all (FT-26). By time
 * and not by turns of the event loop: it takes one new connection in each, and those with something else stand in the same line.
 *
 * `shareOf` says in whose share of the line a request stands, an address or a network; undefined for one that this is not about. One
 * connection can bring any number of requests (pipelining), so a thousand wait at most, `mostOfOne` of one share, and none longer than two
 * seconds: the others are left to `turnAway`. Whoever has gone meanwhile takes nobody's turn.
 */
export function takeTurns({
  shareOf,
  perTurn,
  everyMs,
  mostOfOne = 50,
  turnAway,
}: {
  shareOf: (ctx: Context) => string | undefined
  perTurn: number
  everyMs: number
  mostOfOne?: number
  turnAway: (ctx: Context) => Promise<void>
}): Middleware {
  const waiting: Waiting[] = []
  const shares = new Map<string, number>()
  let left = perTurn
  let isBooked = false

  function book(): void {
    if (isBooked) return
    isBooked = true
    setTimeout(nextTurn, everyMs)
  }

  function nextTurn(): void {
    isBooked = false
    left = perTurn
    while (left > 0) {
      const first = waiting.shift()
      if (!first) return
      count(first.share, -1)
      const isLate = performance.now() - first.since > LONGEST_WAIT_MS
      if (!isLate && !first.ctx.req.socket.destroyed) left -= 1
      first.go(isLate ? 'away' : 'in')
    }
    book()
  }

  function count(share: string, by: 1 | -1): void {
    const now = (shares.get(share) ?? 0) + by
    if (now === 0) shares.delete(share)
    else shares.set(share, now)
  }

  /** How a request goes on, once it may. */
  function turn(ctx: Context, share: string): 'in' | 'away' | Promise<'in' | 'away'> {
    book()
    if (left > 0 && waiting.length === 0) {
      left -= 1
      return 'in'
    }
    if (waiting.length >= MOST_WAITING || (shares.get(share) ?? 0) >= mostOfOne) return 'away'
    count(share, 1)
    return new Promise((go) => waiting.push({ ctx, share, since: performance.now(), go }))
  }

  return async function takeTurns(ctx, next) {
    const share = shareOf(ctx)
    if (share === undefined) {
      await next()
      return
    }
    const asked = turn(ctx, share)
    const how = typeof asked === 'string' ? asked : await asked
    if (ctx.req.socket.destroyed) return
    if (how === 'in') await next()
    else await turnAway(ctx)
  }
}
