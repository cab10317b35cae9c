import type { IncomingMessage } from 'node:http'
import type { Middleware } from 'koa'
import { HttpProblem } from './http-problem.ts'
import { rawHeaderValues } from './raw-headers.ts'
import { readTarget, unreadable } from './request-target.ts'
import { decodeStrictly } from './unsafe-text.ts'

// Of these the parser keeps the first and hides the rest, so two readers could see two requests.
const singleHeaders = ['authorization', 'content-type', 'content-length', 'referer']

/**
 * Turns away requests that no honest client sends and that would only cause trouble further in, with 400 (HT-06):
 * targets that are not a path, hold raw bytes outside ASCII, broken percent-encoding, overlong or broken UTF-8 or NUL;
 * headers repeated that may stand once; NUL inside Basic credentials. Stands behind `hostGuard`.
 */
export function malformedGuard(): Middleware {
  return async function malformedGuard(ctx, next) {
    if (!isSoundTarget(ctx.url)) throw new HttpProblem(400, { reason: 'target' })
    if (!hasSoundHeaders(ctx.req)) throw new HttpProblem(400, { reason: 'headers' })
    await next()
  }
}

/** Whether a target is a path with an optional query that decodes cleanly. */
export function isSoundTarget(target: string): boolean {
  const { pathAndQuery } = readTarget(target)
  return pathAndQuery === target && target !== unreadable && decodeStrictly(target) !== undefined
}

function hasSoundHeaders(req: IncomingMessage): boolean {
  if (singleHeaders.some((name) => rawHeaderValues(req, name).length > 1)) return false
  const [, credentials] = /^basic +(\S+)$/i.exec(req.headers.authorization ?? '') ?? []
  return credentials === undefined || !/\0|%00/.test(Buffer.from(credentials, 'base64').toString('latin1'))
}
