import type { Context } from 'koa'
import { field } from '../../http/index.ts'
import { text } from '../../language/index.ts'
import type { Text } from '../../language/index.ts'
import { forgetConsents, revoke } from '../../oidc/index.ts'
import { deleteUser, findUser, lockOwners, lockUser, normaliseEmail, tellUser } from '../../users/index.ts'
import type { AccountDeps } from '../deps.ts'
import { userAgentOf } from './changes.ts'
import { goOn } from './frame.ts'
import type { Act, Show } from './frame.ts'
import { show } from './show.ts'
import { forgetSession } from './sign-out.ts'
import { byVisitor, stillThere } from './visitor.ts'
import type { Visitor } from './visitor.ts'

export const showDelete: Show = (deps, ctx, visitor) => page(deps, ctx, visitor)

/**
 * Deletes the account, with every access it gave, in one transaction: for somebody who signed in just now and has typed their address.
 * The last owner stays: nobody could appoint another. What the audit tells of it keeps the bare id and the addresses it was used from.
 */
export const deleteAccount: Act = async (deps, ctx, visitor, form) => {
  const { user } = visitor
  if (normaliseEmail(field(form, 'confirm') ?? '') !== user.email) {
    await page(deps, ctx, visitor, { error: text('account:self.delete.confirmWrong') })
    return
  }
  const by = byVisitor(ctx, visitor)
  const outcome = await deps.database.transaction(async (tx): Promise<'deleted' | 'last_owner' | 'gone'> => {
    const owners = await lockOwners(tx)
    await lockUser(tx, user.id)
    if ((await findUser(tx, user.id)) === null) return 'gone'
    await stillThere(tx, visitor)
    if (owners.length === 1 && owners[0] === user.id) return 'last_owner'
    const what = { userId: user.id, what: 'account_deleted' as const }
    await tellUser({ tx, sealer: deps.sealer }, { ...what, ip: by.ip, userAgent: userAgentOf(ctx) })
    await revoke(tx, { userId: user.id }, { reason: 'user_deleted', ...by })
    await forgetConsents(tx, { userId: user.id })
    await deleteUser(tx, user.id, by)
    return 'deleted'
  })
  if (outcome === 'last_owner') {
    await page(deps, ctx, visitor, { problem: text('account:self.delete.lastOwner') })
    return
  }
  await forgetSession(deps, ctx)
  goOn(ctx, '/account/deleted')
}

async function page(
  deps: AccountDeps,
  ctx: Context,
  visitor: Visitor,
  refused: { error?: Text; problem?: Text } = {},
): Promise<void> {
  const { user } = visitor
  const owners = user.role === 'owner' ? await deps.database.transaction(lockOwners) : []
  const isLastOwner = owners.length === 1 && owners[0] === user.id
  show(deps, ctx, visitor, 'account/delete', { isLastOwner, ...refused })
}
