import type { Context, Middleware } from 'koa'
import type { Logger } from 'pino'
import { pagePolicy } from './content-security-policy.ts'
import { describeError } from './describe-error.ts'
import type { Text } from '../language/index.ts'
import { HttpProblem } from './http-problem.ts'

/** What an error page shows: two fixed texts and the request's id, so that an operator can find it in the log. */
export interface ErrorPage {
  status: number
  title: Text
  message: Text
  reference: string
}

interface ErrorHandling {
  /** Whether an error means that storage is not there, too slow or too busy (the db room's `isStorageTrouble`). */
  isUnavailable: (error: unknown) => boolean
  /** Gives the HTML of an error page. It may also set headers. */
  renderError: (ctx: Context, page: ErrorPage) => string
  /** Says it in another form than these two: the whole body and its media type, for browsers and programs alike. */
  describe?: ((ctx: Context, problem: HttpProblem) => { type: string; body: string }) | undefined
  logger: Pick<Logger, 'warn' | 'error'>
}

// What a handler prepared for another answer than the one it gets now.
const leftovers = [
  'Location',
  'Set-Cookie',
  'ETag',
  'Last-Modified',
  'Content-Type',
  'Content-Length',
  'Content-Encoding',
  'Content-Disposition',
]

/**
 * Answers everything thrown behind it, and everything nobody answered (404): with a page for browsers and with
 * `{ error, error_description }` for programs, never with a stack. Storage trouble becomes 503 with Retry-After,
 * `HttpProblem`s and other errors that may be exposed keep their 4xx, all else is 500 and logged. Cookies set on the
 * way to an error are not sent. Stands behind `requestContext` and `securityHeaders`, before all others.
 */
export function errorHandler({ isUnavailable, renderError, describe, logger }: ErrorHandling): Middleware {
  return async function errorHandler(ctx, next) {
    try {
      await next()
      if (ctx.status === 404 && ctx.body == null && ctx.respond !== false) throw new HttpProblem(404)
    } catch (error) {
      const problem = problemFor(error, isUnavailable)
      if (problem.status >= 500) logFailure(logger, ctx, error, problem.status)
      if (ctx.headerSent) return void ctx.res.destroy()
      if (problem.reason !== undefined) ctx.state.refused = problem.reason
      answer(ctx, problem, describe?.(ctx, problem) ?? pageOrDescription(ctx, problem, renderError))
    }
  }
}

/** One line for a request that failed on our side: a warning when it may simply be sent again, else an error. */
export function logFailure(
  logger: ErrorHandling['logger'],
  ctx: Pick<Context, 'state'>,
  error: unknown,
  status: number,
): void {
  const { requestId, route } = ctx.state
  const line = { requestId, route, status, error: describeError(error) }
  if (status === 503) logger.warn(line, 'request not served')
  else logger.error(line, 'request failed')
}

function problemFor(error: unknown, isUnavailable: (error: unknown) => boolean): HttpProblem {
  if (error instanceof HttpProblem) return withRetryAfter(error)
  const { statusCode, expose, message, retryAfter } = (error ?? {}) as Record<string, unknown>
  if (isUnavailable(error) || statusCode === 503) {
    return withRetryAfter(new HttpProblem(503), typeof retryAfter === 'number' ? retryAfter : undefined)
  }
  if (expose === true && typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500) {
    return new HttpProblem(statusCode, typeof message === 'string' ? { message } : {})
  }
  return new HttpProblem(500)
}

function withRetryAfter(problem: HttpProblem, seconds = 2): HttpProblem {
  if (problem.status === 503) problem.headers['Retry-After'] ??= String(Math.max(1, Math.ceil(seconds)))
  return problem
}

function answer(ctx: Context, problem: HttpProblem, { type, body }: { type: string; body: string }): void {
  for (const name of leftovers) ctx.remove(name)
  ctx.set({ ...problem.headers, 'Cache-Control': 'no-store' })
  ctx.status = problem.status
  ctx.type = type
  ctx.body = body
  if (!problem.sendNow) return
  ctx.respond = false
  ctx.res.end(ctx.method === 'HEAD' ? undefined : body)
}

function pageOrDescription(
  ctx: Context,
  problem: HttpProblem,
  renderError: ErrorHandling['renderError'],
): { type: string; body: string } {
  ctx.vary('Accept')
  ctx.remove('Content-Language')
  if (ctx.accepts('json', 'html') !== 'html') return { type: 'json', body: description(problem) }
  // The page brings its stylesheet, whatever was expected at this path.
  ctx.set('Content-Security-Policy', pagePolicy())
  return { type: 'html', body: page(ctx, problem, renderError) }
}

function page(ctx: Context, problem: HttpProblem, renderError: ErrorHandling['renderError']): string {
  const { status } = problem
  try {
    return renderError(ctx, { status, ...problem.page, reference: ctx.state.requestId })
  } catch {
    return `<!doctype html><html lang="en"><title>${status}</title><p>Something went wrong. Please try again.</p></html>`
  }
}

// RFC 6749 §5.2 allows neither quotes nor backslashes nor anything beyond ASCII in a description.
function description({ code, message }: HttpProblem): string {
  const plain = message.replaceAll(/["\\]/g, "'").replaceAll(/[^ -~]/g, '?')
  return JSON.stringify({ error: code, error_description: plain })
}
