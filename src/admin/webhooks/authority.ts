import { findWebhookEndpoint, lockWebhookEndpoint } from '../../receivers/index.ts'
import type { WebhookEndpoint } from '../../receivers/index.ts'
import { insufficientScope } from '../frame/authenticate.ts'
import { AdminProblem } from '../frame/problem.ts'
import type { Caller } from '../frame/caller.ts'
import type { Call } from '../frame/route.ts'

/** 403 unless the caller may read the audit: whoever says where it is told, or holds the secret of who hears it, reads it. */
export function requireMayHear({ scopes }: Pick<Caller, 'scopes'>): void {
  if (!scopes.has('audit:read')) throw insufficientScope('audit:read')
}

type ById = Pick<Call<{ id: string }>, 'db' | 'deps' | 'params'>

/** The endpoint that the path names. Throws 404. */
export async function endpointOf({ db, deps: { sealer }, params }: ById): Promise<WebhookEndpoint> {
  const found = await findWebhookEndpoint({ db, sealer }, params.id)
  if (!found) throw new AdminProblem('not_found')
  return found
}

/** The same, kept from changing until the transaction ends. */
export async function lockedEndpoint(call: ById): Promise<WebhookEndpoint> {
  await lockWebhookEndpoint(call.db, call.params.id)
  return endpointOf(call)
}
