import type { Context, Middleware } from 'koa'

const MOST_WAITING = 1000

/**
 * Lets at most `perTurn` requests of a kind in every `everyMs` milliseconds, in the order they came; the others wait for the next
 * turns. When hundreds of them arrive at one moment, whatever else arrives is served in between instead of behind them all (FT-26). By time
 * and not by turns of the event loop: it takes one new connection in each, and those with something else stand in the same line.
 * Stands before everything else: a request that waits has cost nothing yet, and its body has not been read. One connection can bring any
 * number of them (pipelining), so a thousand wait at most, and the others are answered 503 at once; who has gone does not come in.
 */
export function takeTurns({
  isOne,
  perTurn,
  everyMs,
}: {
  isOne: (ctx: Context) => boolean
  perTurn: number
  everyMs: number
}): Middleware {
  const waiting: (() => void)[] = []
  let left = perTurn
  let isBooked = false

  function book(): void {
    if (isBooked) return
    isBooked = true
    setTimeout(nextTurn, everyMs)
  }

  function nextTurn(): void {
    isBooked = false
    const now = waiting.splice(0, perTurn)
    left = perTurn - now.length
    if (now.length > 0) book()
    for (const enter of now) enter()
  }

  return async function takeTurns(ctx, next) {
    if (isOne(ctx)) {
      book()
      if (left > 0) left -= 1
      else if (waiting.length >= MOST_WAITING) {
        ctx.status = 503
        ctx.set({ 'Retry-After': '2', 'Cache-Control': 'no-store' })
        return
      } else {
        await new Promise<void>((enter) => waiting.push(enter))
        if (ctx.req.socket.destroyed) return
      }
    }
    await next()
  }
}
