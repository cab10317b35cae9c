import type { Context, Middleware } from 'koa'
import { record } from '../../audit/index.ts'
import type { Db } from '../../db/index.ts'
import { hasLoneSurrogate, hasNul, readBytes } from '../../http/index.ts'
import type { Call, EndpointDeps, Handler } from './deps.ts'
import { metadataPath, transmitterMetadata, WELL_KNOWN } from './metadata.ts'
import { poll } from './poll.ts'
import { badRequest } from './reply.ts'
import type { Denial, Reply } from './reply.ts'
import { readReceiver } from './receiver.ts'
import type { Receiver } from './receiver.ts'
import { readStatus, updateStatus } from './status.ts'
import { create, read, remove, replace, update } from './stream.ts'
import { addSubject, removeSubject } from './subjects.ts'
import { verify } from './verification.ts'

const MAX_BYTES = 64 * 1024
const MANAGE = ['ssf.manage']
/** Whoever may change a stream may see it. */
const READ = ['ssf.manage', 'ssf.read']

type Endpoint = { scopes: readonly string[]; handler: Handler }

const endpoints: Record<string, Record<string, Endpoint>> = {
  '/ssf/stream': {
    GET: { scopes: READ, handler: read },
    POST: { scopes: MANAGE, handler: create },
    PATCH: { scopes: MANAGE, handler: update },
    PUT: { scopes: MANAGE, handler: replace },
    DELETE: { scopes: MANAGE, handler: remove },
  },
  '/ssf/status': {
    GET: { scopes: READ, handler: readStatus },
    POST: { scopes: MANAGE, handler: updateStatus },
  },
  '/ssf/subjects/add': { POST: { scopes: MANAGE, handler: addSubject } },
  '/ssf/subjects/remove': { POST: { scopes: MANAGE, handler: removeSubject } },
  '/ssf/verify': { POST: { scopes: MANAGE, handler: verify } },
  '/ssf/poll/:id': { POST: { scopes: READ, handler: poll } },
}

/** Every address of the transmitter, and its methods. */
export const signalMethods: Record<string, string[]> = {
  [WELL_KNOWN]: ['GET'],
  [`${WELL_KNOWN}/:path`]: ['GET'],
  ...Object.fromEntries(Object.entries(endpoints).map(([path, methods]) => [path, Object.keys(methods)])),
}

/** The transmitter's metadata, and the endpoints by which receivers look after their streams (SSF sections 7 and 8, RFC 8936). */
export function signalEndpoints(deps: EndpointDeps): Middleware {
  const wellKnown = metadataPath(deps.issuer)
  return async function signalEndpoints(ctx, next) {
    if (ctx.path === wellKnown && ['GET', 'HEAD'].includes(ctx.method)) {
      ctx.set({ 'Access-Control-Allow-Origin': '*', 'Cache-Control': 'public, max-age=300' })
      ctx.body = transmitterMetadata(deps.issuer, deps.defaultSubjects)
      return
    }
    const [, polled] = /^\/ssf\/poll\/([^/]+)$/.exec(ctx.path) ?? []
    const method = ctx.method === 'HEAD' ? 'GET' : ctx.method
    const path = polled === undefined ? ctx.path : '/ssf/poll/:id'
    const endpoint = endpoints[path]?.[method]
    if (!endpoint) {
      await next()
      return
    }
    send(ctx, await answer(deps, ctx, endpoint, { operation: `${method} ${path}`, polled }))
  }
}

async function answer(
  deps: EndpointDeps,
  ctx: Context,
  { scopes, handler }: Endpoint,
  { operation, polled }: { operation: string; polled: string | undefined },
): Promise<Reply> {
  const hasBody = ['POST', 'PATCH', 'PUT'].includes(ctx.method)
  // First, so that nobody is listened to for longer than it takes to know that it is too much.
  const bytes = hasBody ? await readBytes(ctx.req, MAX_BYTES) : null
  const known = await readReceiver(deps, ctx, scopes)
  if (!known.ok && known.receiver === null) return known.reply
  const { receiver } = known
  // Before anything is written: denials are, too.
  await deps.limitClient(ctx, receiver)
  const askAgain = () => readReceiver(deps, ctx, scopes)
  const reply = known.ok
    ? await handle(deps, { ctx, receiver, askAgain }, handler, bytes, polled)
    : known.reply
  if (reply.denied) await recordDenial(deps.database.prisma, receiver, operation, reply.denied)
  return reply
}

async function handle(
  deps: EndpointDeps,
  call: Pick<Call, 'ctx' | 'receiver' | 'askAgain'>,
  handler: Handler,
  bytes: Buffer | null,
  polled: string | undefined,
): Promise<Reply> {
  const body = bytes === null ? undefined : objectIn(bytes)
  if (body === null) return badRequest('the request must be a JSON object')
  const { stream_id: asked } = call.ctx.query
  if (Array.isArray(asked)) return badRequest('stream_id is given twice')
  return handler(deps, { ...call, streamId: polled ?? asked, body })
}

/** Writes down that somebody we know tried what they may not. What is asked for commits nothing, so this is by itself. */
async function recordDenial(
  db: Db,
  { clientId, by }: Receiver,
  operation: string,
  denial: Denial,
): Promise<void> {
  await record(db, { type: 'stream.denied', clientId, ...by, detail: { operation, ...denial } })
}

function objectIn(bytes: Buffer): object | null {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    // No text of either kind can be stored or looked up.
    if (hasNul(value) || hasLoneSurrogate(value)) return null
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null
  } catch {
    return null
  }
}

function send(ctx: Context, { status, body, headers = {} }: Reply): void {
  ctx.set({ 'Cache-Control': 'no-store', ...headers })
  ctx.status = status
  if (body !== undefined) ctx.body = body
  else if (status === 200) ctx.body = ''
}
