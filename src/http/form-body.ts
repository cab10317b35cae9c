import type { IncomingMessage } from 'node:http'
import type { Middleware } from 'koa'
import { HttpProblem } from './http-problem.ts'
import { parseUrlencoded } from './urlencoded.ts'

declare module 'koa' {
  interface Request {
    /** The parsed `Form`, where `formBody` stands before the handler. Typed as body parsers for Koa all type it. */
    body?: unknown
  }
}

// An honest client that sent too much only hears the answer once it has sent all, so up to here the surplus is read and
// dropped; beyond, the connection is closed on it.
const mostDiscarded = 2 * 1024 * 1024

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

async function readBytes(req: IncomingMessage, limitBytes: number): Promise<Buffer> {
  const announced = Number(req.headers['content-length'] ?? 0)
  if (announced > mostDiscarded) throw new HttpProblem(413, { headers: { Connection: 'close' } })
  return new Promise((resolve, reject) => {
    let chunks: Buffer[] = []
    let size = 0
    req.on('data', (chunk: Buffer) => {
      size += chunk.byteLength
      if (size <= limitBytes) return void chunks.push(chunk)
      chunks = []
      if (size <= mostDiscarded) return
      req.removeAllListeners('data').pause()
      reject(new HttpProblem(413, { headers: { Connection: 'close' } }))
    })
    req.once('end', () => (size > limitBytes ? reject(new HttpProblem(413)) : resolve(Buffer.concat(chunks))))
    req.once('close', () => reject(new HttpProblem(400, { reason: 'aborted' })))
    req.once('error', () => reject(new HttpProblem(400, { reason: 'aborted' })))
  })
}
