import { ADMIN_SCOPES, lockClient, SIGNALS_SCOPES } from '../../clients/index.ts'
import type { AdminScope, MetadataProblem, StoredClient } from '../../clients/index.ts'
import { insufficientScope } from '../frame/authenticate.ts'
import type { Caller } from '../frame/caller.ts'
import { AdminProblem } from '../frame/problem.ts'
import type { Call } from '../frame/route.ts'
import { invalidContent } from '../frame/validate.ts'

/** The scopes of this very API in a client's scope list: power over us. */
export function adminScopesIn(scope: unknown): AdminScope[] {
  const words = new Set(typeof scope === 'string' ? scope.split(' ') : [])
  return ADMIN_SCOPES.filter((name) => words.has(name))
}

/** Does the list let a client hear of what happens to every user? Handed out like power over this API. */
export function mayHaveStreams(scope: unknown): boolean {
  return typeof scope === 'string' && scope.split(' ').some((word) => SIGNALS_SCOPES.includes(word))
}

/**
 * The client of the path, locked, when the caller may act on it: 403 when it holds more of this API than they do, 409 for a part of
 * Cardea itself, and where `touchesPower` for the client that they call as, which would otherwise outlive what it was given.
 */
export async function actOnClient(
  { db, caller, params }: Pick<Call<{ id: string }>, 'db' | 'caller' | 'params'>,
  { touchesPower }: { touchesPower: boolean },
): Promise<StoredClient> {
  const locked = await lockClient(db, params.id)
  if (!locked.ok) throw new AdminProblem(locked.reason)
  const { client } = locked
  requireHolding(caller, adminScopesIn(client.metadata.scope))
  if (touchesPower && mayHaveStreams(client.metadata.scope)) requireGrant(caller)
  if (touchesPower && caller.bearer.clientId === client.id) throw new AdminProblem('own_client')
  return client
}

/** Scopes of this API are handed to clients only by those who may hand out power, and never beyond what they hold. */
export function requireMayGrant(caller: Caller, added: readonly AdminScope[]): void {
  if (added.length > 0) requireGrant(caller)
  requireHolding(caller, added)
}

/** 403 unless the caller may hand out power: over this API, or over what users are not asked about. */
export function requireGrant({ scopes }: Pick<Caller, 'scopes'>): void {
  if (!scopes.has('admin:grant')) throw insufficientScope('admin:grant')
}

/** 403 unless the caller holds all of these. */
export function requireHolding({ scopes }: Caller, needed: readonly AdminScope[]): void {
  if (!needed.every((scope) => scopes.has(scope))) throw new AdminProblem('target_holds_more')
}

/** The 422 of metadata that the clients room refuses. */
export function invalidMetadata(problems: readonly MetadataProblem[]): AdminProblem {
  return invalidContent(
    problems.map(({ field, message }) => ({ pointer: `/${field.replaceAll('.', '/')}`, detail: message })),
  )
}
