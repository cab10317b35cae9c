import { field } from '../../http/index.ts'
import { text } from '../../language/index.ts'
import type { Text } from '../../language/index.ts'
import { listFactors, removePasskey, removeTotpDevice, renamePasskey, renameTotp } from '../../users/index.ts'
import type { Context } from 'koa'
import type { AccountDeps } from '../deps.ts'
import { rememberBrowser } from '../../oidc/index.ts'
import { afterChange, userAgentOf } from './changes.ts'
import { goOn, segment } from './frame.ts'
import type { Act, Show } from './frame.ts'
import { show } from './show.ts'
import { byVisitor, changeAs } from './visitor.ts'
import type { Visitor } from './visitor.ts'

type Kind = 'totp' | 'passkey'

const SECURITY = '/account/security'
const folders: Record<Kind, string> = { totp: 'totp', passkey: 'passkeys' }
const pathOf = (kind: Kind, id: string) => `${SECURITY}/${folders[kind]}/${encodeURIComponent(id)}`

/** One authenticator or passkey of this person's own: what it is called, and how to be rid of it. */
export const showFactor =
  (kind: Kind): Show =>
  (deps, ctx, visitor) =>
    page(deps, ctx, visitor, kind)

export const renameFactor =
  (kind: Kind): Act =>
  async (deps, ctx, visitor, form) => {
    const change = {
      userId: visitor.user.id,
      id: segment(ctx, 'id'),
      name: field(form, 'name')?.trim() ?? '',
    }
    const rename = kind === 'totp' ? renameTotp : renamePasskey
    const outcome = await changeAs(deps, visitor, (tx) => rename(tx, change))
    if (!outcome.ok && outcome.reason === 'name_invalid')
      await page(deps, ctx, visitor, kind, text('account:self.factor.nameInvalid'))
    else goOn(ctx, SECURITY, outcome.ok ? 'factorRenamed' : 'gone')
  }

export const removeFactor =
  (kind: Kind): Act =>
  async (deps, ctx, visitor, form) => {
    const { sealer, secondFactor, passkeySite } = deps
    const remove = kind === 'totp' ? removeTotpDevice : removePasskey
    const removal = {
      ...{ userId: visitor.user.id, id: segment(ctx, 'id') },
      ...{ required: secondFactor === 'required', passkeysWork: passkeySite !== null },
      userAgent: userAgentOf(ctx),
    }
    const outcome = await changeAs(deps, visitor, async (tx) => {
      const removed = await remove({ tx, sealer }, removal, byVisitor(ctx, visitor))
      if (!removed.ok) return removed
      return { ...removed, ...(await afterChange(tx, ctx, visitor, { form, reason: `${kind}_removed` })) }
    })
    if (!outcome.ok) {
      goOn(ctx, SECURITY, outcome.reason === 'last_factor' ? 'lastFactor' : 'gone')
      return
    }
    rememberBrowser(ctx, outcome.browserToken)
    goOn(ctx, SECURITY, 'factorRemoved')
  }

async function page(
  deps: AccountDeps,
  ctx: Context,
  visitor: Visitor,
  kind: Kind,
  error?: Text,
): Promise<void> {
  const db = deps.database.prisma
  const userId = visitor.user.id
  const { totp, passkeys } = await listFactors(db, userId)
  const factor = (kind === 'totp' ? totp : passkeys).find(({ id }) => id === segment(ctx, 'id'))
  if (!factor) {
    goOn(ctx, SECURITY, 'gone')
    return
  }
  // Passkeys that work nowhere are no factor: none of them is the last, and none makes another one not the last.
  const usable = deps.passkeySite === null ? totp : [...totp, ...passkeys]
  const isOnly = usable.length === 1 && usable[0] === factor
  const at = pathOf(kind, factor.id)
  ctx.state.here = at
  show(deps, ctx, visitor, 'account/factor', {
    ...{ at, kind, factor, error },
    isLast: isOnly && deps.secondFactor === 'required',
  })
}
