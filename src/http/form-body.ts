import type { IncomingMessage } from 'node:http'
import type { Middleware } from 'koa'
import { HttpProblem } from './http-problem.ts'
import { readBytes } from './read-bytes.ts'
import { parseUrlencoded } from './urlencoded.ts'

declare module 'koa' {
  interface Request {
    /** The parsed `Form`, where `formBody` stands before the handler. Typed as body parsers for Koa all type it. */
    body?: unknown
  }
}

/**
 * Reads the form of a POST into `ctx.request.body` (see `Form`, `field`, `fields`). Only for our own routes: the engine
 * reads its bodies itself. Refuses other types, charsets and encodings with 415, more than `limitBytes` with 413
 * (HT-03), and whatever is malformed, holds NUL or names a field twice with 400 (HT-06).
 * `repeatable` are the fields that may stand more than once; they always arrive as arrays.
 */
export function formBody({
  limitBytes = 56 * 1024,
  repeatable = [],
}: { limitBytes?: number; repeatable?: readonly string[] } = {}): Middleware {
  return async function formBody(ctx, next) {
    if (ctx.method === 'POST') {
      if (!isForm(ctx.req))
        throw new HttpProblem(415, { headers: { 'Accept-Post': 'application/x-www-form-urlencoded' } })
      const form = parseUrlencoded(await readBytes(ctx.req, limitBytes), repeatable)
      if (!form) throw new HttpProblem(400, { reason: 'form' })
      ctx.request.body = form
    }
    await next()
  }
}

function isForm({ headers }: IncomingMessage): boolean {
  const type = headers['content-type'] ?? ''
  return (
    /^application\/x-www-form-urlencoded\s*(;\s*charset="?utf-?8"?\s*)?$/i.test(type) &&
    /^(identity)?$/i.test(headers['content-encoding'] ?? '')
  )
}
