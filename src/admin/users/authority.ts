import { scopesOfRole } from '../../clients/index.ts'
import type { AdminScope } from '../../clients/index.ts'
import type { Role } from '../../db/index.ts'
import { findUser, lockOwners, lockUser } from '../../users/index.ts'
import type { User } from '../../users/index.ts'
import { insufficientScope } from '../frame/authenticate.ts'
import type { Caller } from '../frame/caller.ts'
import { AdminProblem } from '../frame/problem.ts'
import type { Call } from '../frame/route.ts'

/** Whether everything this role could do is within what the caller may do: nobody reaches above themselves. */
export function holdsAllOf(scopes: ReadonlySet<AdminScope>, role: Role | null): boolean {
  return scopesOfRole(role).every((scope) => scopes.has(scope))
}

/** Whether one role lacks something that the other has. */
export function isLess(role: Role | null, than: Role | null): boolean {
  return !holdsAllOf(new Set(scopesOfRole(role)), than)
}

type Target = Pick<Call<{ id: string }>, 'db' | 'caller' | 'params'>

/** The user of the path; 404 when there is none. */
export async function targetUser({ db, params }: Pick<Target, 'db' | 'params'>): Promise<User> {
  const user = await findUser(db, params.id)
  if (!user) throw new AdminProblem('not_found')
  return user
}

/**
 * The user of the path, locked, when the caller may act on them: 403 for somebody who holds more. Where `takesAway` says that they
 * would lose something afterwards, it is 409 for oneself and for the last owner.
 */
export async function actOn(call: Target, takesAway?: (user: User) => boolean): Promise<User> {
  const owners = takesAway ? await lockOwners(call.db) : []
  await lockUser(call.db, call.params.id)
  const user = await targetUser(call)
  if (!holdsAllOf(call.caller.scopes, user.role)) throw new AdminProblem('target_holds_more')
  if (takesAway?.(user) === true) refuseLockout(call.caller, user, owners)
  return user
}

/** What proves who somebody is, nobody resets for themselves here: a stolen token would become a stolen account. */
export async function actOnOther(call: Target): Promise<User> {
  const user = await actOn(call)
  if (call.caller.bearer.userId === user.id) throw new AdminProblem('own_account')
  return user
}

function refuseLockout({ bearer }: Caller, user: User, owners: readonly string[]): void {
  if (bearer.userId === user.id) throw new AdminProblem('own_account')
  if (owners.length === 1 && owners[0] === user.id) throw new AdminProblem('last_owner')
}

/** Roles are handed out only by those who may, and never beyond what they hold. */
export function requireRoleWithin({ scopes }: Caller, role: Role | null): void {
  if (!scopes.has('admin:grant')) throw insufficientScope('admin:grant')
  if (!holdsAllOf(scopes, role)) throw new AdminProblem('target_holds_more')
}

export function by({ actor, ip }: Pick<Call, 'actor' | 'ip'>): Pick<Call, 'actor' | 'ip'> {
  return { actor, ip }
}
