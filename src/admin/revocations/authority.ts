import { findClient } from '../../clients/index.ts'
import type { Selector } from '../../oidc/index.ts'
import { findUser } from '../../users/index.ts'
import { adminScopesIn, requireGrant, requireHolding } from '../clients/authority.ts'
import { AdminProblem } from '../frame/problem.ts'
import type { Call } from '../frame/route.ts'
import { holdsAllOf } from '../users/authority.ts'

type Asker = Pick<Call, 'db' | 'caller'>

/**
 * Refuses what would put out those who hold more than the caller: 403 `target_holds_more` for the access of such a user or client,
 * 403 `insufficient_scope` without `admin:grant` for everything and for a part of Cardea, which owners call as. What somebody
 * holds themselves they may end, and a machine's single token anyone with the scope for it: it gets another.
 */
export async function requireMayEnd(asker: Asker, selector: Selector): Promise<void> {
  if ('everything' in selector) {
    requireGrant(asker.caller)
    return
  }
  const userId = await userOf(asker, selector)
  if (userId !== null) await requireAllOfUser(asker, userId)
  else if ('clientId' in selector) await requireAllOfClient(asker, selector.clientId ?? '')
}

async function requireAllOfUser({ db, caller }: Asker, userId: string): Promise<void> {
  if (userId === caller.bearer.userId) return
  const user = await findUser(db, userId)
  if (user && !holdsAllOf(caller.scopes, user.role)) throw new AdminProblem('target_holds_more')
}

async function requireAllOfClient(asker: Asker, clientId: string): Promise<void> {
  const client = await findClient(asker.db, clientId)
  if (client?.builtIn === true) requireGrant(asker.caller)
  else requireHolding(asker.caller, adminScopesIn(client?.metadata.scope))
}

/** Whose access it is; null for a client's own, and for what covers many users. */
async function userOf({ db }: Asker, selector: Selector): Promise<string | null> {
  const select = { userId: true }
  if ('userId' in selector) return selector.userId
  if ('sessionUid' in selector)
    return (await db.session.findUnique({ where: { uid: selector.sessionUid }, select }))?.userId ?? null
  if ('grantId' in selector)
    return (await db.grant.findUnique({ where: { id: selector.grantId }, select }))?.userId ?? null
  if ('token' in selector) {
    const where = { digest: new Uint8Array(selector.token) }
    return (await db.token.findFirst({ where, select }))?.userId ?? null
  }
  return null
}
