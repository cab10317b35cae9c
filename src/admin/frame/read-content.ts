import type { Context } from 'koa'
import { hasLoneSurrogate, hasNul, readBytes } from '../../http/index.ts'
import { AdminProblem } from './problem.ts'
import type { Route } from './route.ts'

const LIMIT_BYTES = 64 * 1024
const MOST_LEVELS = 20

/** Media types by method; a merge patch (RFC 7396) is what a PATCH here is. */
const accepted: Record<string, readonly string[]> = {
  POST: ['application/json'],
  PUT: ['application/json'],
  PATCH: ['application/merge-patch+json', 'application/json'],
}

/**
 * The JSON of a request's body, and its bytes. Refuses another media type with 415, more than 64 KiB with 413, and with 400
 * what is no JSON in UTF-8, nests deeper than 20 levels, or holds text that cannot be stored (NUL, half a surrogate pair).
 */
export async function readContent(ctx: Context, route: Route): Promise<unknown> {
  const types = accepted[ctx.method]
  if (!types) return {}
  const bytes = await readBytes(ctx.req, LIMIT_BYTES)
  if (bytes.byteLength === 0 && route.bodyOptional === true) return {}
  if (!isOneOf(ctx, types))
    throw new AdminProblem('unsupported_media_type', {
      detail: `Send ${types.join(' or ')}.`,
      headers: { [ctx.method === 'PATCH' ? 'Accept-Patch' : 'Accept-Post']: types.join(', ') },
    })
  const value = parse(bytes)
  if (value === undefined)
    throw new AdminProblem('malformed_request', { detail: 'The body is not valid JSON.' })
  if (isTooDeep(value)) throw new AdminProblem('malformed_request', { detail: 'The body nests too deeply.' })
  if (hasNul(value) || hasLoneSurrogate(value))
    throw new AdminProblem('malformed_request', { detail: 'The body holds text that is not well-formed.' })
  return value
}

function isOneOf(ctx: Context, types: readonly string[]): boolean {
  const [type = '', ...parameters] = ctx.get('Content-Type').toLowerCase().split(';')
  return (
    types.includes(type.trim()) &&
    parameters.every((parameter) => /^\s*charset="?utf-?8"?\s*$/.test(parameter)) &&
    /^(identity)?$/i.test(ctx.get('Content-Encoding'))
  )
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    return undefined
  }
}

// Level by level, so that nothing it is given can exhaust the call stack.
function isTooDeep(value: unknown): boolean {
  let level: unknown[] = [value]
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > MOST_LEVELS) return true
    level = level.flatMap((one) =>
      typeof one === 'object' && one !== null ? (Object.values(one) as unknown[]) : [],
    )
  }
  return false
}
