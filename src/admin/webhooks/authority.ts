import { findWebhookEndpoint, lockWebhookEndpoint } from '../../receivers/index.ts'
import type { WebhookEndpoint } from '../../receivers/index.ts'
import { AdminProblem } from '../frame/problem.ts'
import type { Call } from '../frame/route.ts'

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
