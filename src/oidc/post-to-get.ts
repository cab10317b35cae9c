import type { Context, Middleware } from 'koa'

const LIMIT_BYTES = 12 * 1024
const MOST_AWAITED_BYTES = 56 * 1024

/**
 * OIDC Core section 3.1.2.1 and RP-Initiated Logout section 2 want POST beside GET. The engine offers it only with cookies that
 * cross sites freely; ours stay SameSite=Lax, so the form becomes the same request by GET, for which Lax cookies are sent.
 */
export function formToQuery({ paths }: { paths: readonly string[] }): Middleware {
  return async function formToQuery(ctx, next) {
    if (ctx.method !== 'POST' || !paths.includes(ctx.path)) {
      await next()
      return
    }
    if (!ctx.is('application/x-www-form-urlencoded')) {
      refuse(ctx, 415, 'send the parameters as application/x-www-form-urlencoded')
      return
    }
    const form = await readForm(ctx)
    if (form === null) return
    // Only what a query may hold, and nothing that could end the header line.
    if (!/^[\x21-\x7e]*$/.test(form) || form.includes('#')) {
      refuse(ctx, 400, 'the form is not properly encoded')
      return
    }
    ctx.status = 303
    ctx.set('Cache-Control', 'no-store')
    ctx.set('Location', `${ctx.path}?${form}`)
    ctx.body = ''
  }
}

/** The body as text; null when it is too long or its sender went away, and that was answered. */
async function readForm(ctx: Context): Promise<string | null> {
  const chunks: Buffer[] = []
  let size = 0
  // What announces that much is not even waited for.
  if (ctx.request.length > MOST_AWAITED_BYTES) return refuse(ctx, 413, 'the parameters are too long')
  try {
    for await (const chunk of ctx.req as AsyncIterable<Buffer>) {
      size += chunk.length
      if (size > LIMIT_BYTES) return refuse(ctx, 413, 'the parameters are too long')
      chunks.push(chunk)
    }
  } catch {
    return refuse(ctx, 400, 'the form did not arrive whole')
  }
  return Buffer.concat(chunks).toString('utf8')
}

function refuse(ctx: Context, status: number, description: string): null {
  ctx.status = status
  // What is left of the request is not read; the connection cannot be used again.
  ctx.set('Connection', 'close')
  ctx.body = { error: 'invalid_request', error_description: description }
  return null
}
