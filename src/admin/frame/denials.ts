import type { Context } from 'koa'
import { record } from '../../audit/index.ts'
import { actorOf } from './caller.ts'
import type { Caller } from './caller.ts'
import type { AdminDeps } from '../deps.ts'
import { AdminProblem } from './problem.ts'
import { kindOf } from './problem-types.ts'
import type { Route } from './route.ts'

/**
 * Runs a request of somebody we know and records it when it is denied (AD-13): outside the transaction that the denial takes back.
 * A denial that cannot be recorded is answered with the trouble that kept it from being.
 */
export async function recordingDenials(
  { database }: AdminDeps,
  ctx: Context,
  { caller, route }: { caller: Caller; route: Route },
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (error instanceof AdminProblem && kindOf(error.type).audited === true) {
      const { ip, requestId } = ctx.state
      const target = targetOf(ctx, route)
      await record(database.prisma, {
        type: 'admin.denied',
        ...target,
        ip,
        actor: actorOf(caller, requestId),
        detail: { operation: route.operationId, problem: error.type },
      })
    }
    throw error
  }
}

// Only an id that can be one: what a stranger writes into a path does not belong into the record.
function targetOf(ctx: Context, route: Route): { userId?: string; clientId?: string } {
  const { id } = (ctx as Context & { params?: Record<string, string> }).params ?? {}
  if (id === undefined) return {}
  if (route.path.startsWith('/users/') && /^[0-9a-f-]{36}$/i.test(id)) return { userId: id.toLowerCase() }
  if (route.path.startsWith('/clients/') && /^[\w.~-]{1,100}$/.test(id)) return { clientId: id }
  return {}
}
