import type { Context } from 'koa'
import { HttpProblem } from '../../http/index.ts'
import type { AdminDeps } from '../deps.ts'
import { answerOf, cursorContext, send } from './answer.ts'
import { authenticate, insufficientScope, requireSecondFactor } from './authenticate.ts'
import { actorOf } from './caller.ts'
import type { Caller } from './caller.ts'
import { readCursor } from './cursor.ts'
import { recordingDenials } from './denials.ts'
import { checkIfMatch } from './etag.ts'
import { attemptOf, claim, keep } from './idempotency.ts'
import type { Answer } from './idempotency.ts'
import { AdminProblem } from './problem.ts'
import { countRequest } from './rate-limit.ts'
import { readContent } from './read-content.ts'
import type { Call, Route } from './route.ts'
import { queryOf, validateBody, validateParameters } from './validate.ts'

/** Answers one route: who asks, how often, may they, is it well-formed; then the handler, in its transaction if it changes anything. */
export function serve(deps: AdminDeps, route: Route): (ctx: Context) => Promise<void> {
  const { database, readBearer, requestsPerMinute: perMinute } = deps
  return async (ctx) => {
    const caller = await authenticate({ database, readBearer }, ctx)
    await recordingDenials(deps, ctx, { caller, route }, async () => {
      await countRequest({ database, perMinute }, ctx, caller)
      requireSecondFactor(caller.bearer)
      if (!caller.scopes.has(route.scope)) throw insufficientScope(route.scope)
      const call = await readCall(deps, ctx, route, caller)
      if (route.changes) send(ctx, await change(ctx, route, call))
      else await read(ctx, route, call)
    })
  }
}

async function read(ctx: Context, route: Route, call: Call): Promise<void> {
  const reply = await route.handler(call)
  if (!reply.stream) {
    send(ctx, answerOf(ctx, route, call, reply))
    return
  }
  ctx.status = route.success.status
  ctx.type = route.produces ?? 'application/octet-stream'
  ctx.body = reply.stream
}

/** The change, its audit events and the answer kept for its idempotency key are one transaction. */
async function change(ctx: Context, route: Route, call: Call): Promise<Answer> {
  const { database, sealer } = call.deps
  const attempt = route.idempotent ? attemptOf(ctx, call.caller, call.body) : null
  return database.transaction(async (tx) => {
    const earlier = attempt && (await claim(tx, sealer, attempt))
    if (earlier) return { ...earlier, headers: { ...earlier.headers, 'Idempotency-Replayed': 'true' } }
    let matched = route.ifMatch !== true
    const requireMatch = (representation: unknown): void => {
      checkIfMatch(ctx.get('If-Match'), representation)
      matched = true
    }
    const answer = answerOf(ctx, route, call, await route.handler({ ...call, db: tx, requireMatch }))
    if (!matched) throw new Error(`${route.operationId} did not look at If-Match`)
    if (attempt) await keep(tx, sealer, attempt, answer)
    if (ctx.state.deadline?.aborted === true) throw new HttpProblem(503, { reason: 'deadline' })
    return answer
  })
}

async function readCall(deps: AdminDeps, ctx: Context, route: Route, caller: Caller): Promise<Call> {
  const params = validateParameters(
    route.params,
    (ctx as Context & { params: Record<string, string> }).params,
  )
  const query = validateParameters(route.query, queryOf(ctx.querystring)) as Record<string, unknown>
  if (route.ifMatch === true && ctx.get('If-Match') === '') throw new AdminProblem('precondition_required')
  const body = validateBody(route.body, await readContent(ctx, route))
  const { ip, requestId } = ctx.state
  return {
    ...{ deps, caller, params, query, body, ip },
    db: deps.database.prisma,
    actor: actorOf(caller, requestId),
    page: pageOf(deps, route, params, query),
    requireMatch: () => {
      throw new Error(`${route.operationId} declares no ifMatch`)
    },
  }
}

function pageOf(
  deps: AdminDeps,
  route: Route,
  params: unknown,
  query: Record<string, unknown>,
): Call['page'] {
  const { limit, cursor } = query as { limit?: number; cursor?: string }
  const after =
    cursor === undefined ? undefined : readCursor(deps.keys, cursorContext(route, { params, query }), cursor)
  return { limit: limit ?? 0, after }
}
