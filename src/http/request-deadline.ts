import type { Middleware } from 'koa'
import { HttpProblem } from './http-problem.ts'

/**
 * Answers a request that takes longer than `ms` milliseconds with 503 and Retry-After, if nothing was sent yet (FT-03).
 * The work behind it cannot be stopped from here; it finds `ctx.state.deadline` aborted and must not commit any more, and
 * what it still says is heard by nobody. Stands behind `errorHandler`.
 */
export function requestDeadline({ ms }: { ms: number }): Middleware {
  return async function requestDeadline(ctx, next) {
    const deadline = new AbortController()
    ctx.state.deadline = deadline.signal
    let timer: NodeJS.Timeout | undefined
    const tooLate = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        if (ctx.headerSent) return
        deadline.abort()
        reject(new HttpProblem(503, { reason: 'deadline', sendNow: true }))
      }, ms)
    })
    try {
      await Promise.race([next(), tooLate])
    } finally {
      clearTimeout(timer)
    }
  }
}
