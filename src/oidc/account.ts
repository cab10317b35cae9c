import type { Account, FindAccount } from 'oidc-provider'
import type { Database } from '../db/index.ts'
import { claimsFor } from '../users/index.ts'
import { engineError } from './errors.ts'
import { readUser } from './store/reads.ts'
import { unitOfWork } from './store/unit-of-work.ts'

const USER_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/**
 * The engine's question "who is this subject": asked at every door, answered from the request's own read. A user who is
 * disabled or gone is nobody (DI-01).
 */
export function createFindAccount(pool: Database['pool']): FindAccount {
  return async function findAccount(ctx, sub): Promise<Account | undefined> {
    if (!USER_ID.test(sub)) return undefined
    const work = unitOfWork(ctx)
    let user = work?.users.get(sub)
    if (user === undefined) {
      try {
        user = await readUser(pool, sub)
      } catch (error) {
        throw engineError(error)
      }
      work?.users.set(sub, user)
    }
    if (!user) return undefined
    const claims = claimsFor(user)
    // How they signed in is told where its token is told of; an ID token says it by itself.
    const signIn = (use: string) => (use === 'userinfo' ? ctx.oidc.entities.AccessToken?.extra : undefined)
    return { accountId: sub, claims: (use) => ({ ...claims, ...signIn(use), sub }) }
  }
}
