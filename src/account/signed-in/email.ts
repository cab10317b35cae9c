import type { Context } from 'koa'
import type { Tx } from '../../db/index.ts'
import { field } from '../../http/index.ts'
import { text } from '../../language/index.ts'
import type { Text } from '../../language/index.ts'
import { allowedDomains } from '../by-mail/domains.ts'
import { askForNewAddress } from '../by-mail/new-address.ts'
import type { AccountDeps } from '../deps.ts'
import { goOn } from './frame.ts'
import type { Act, Show } from './frame.ts'
import { show } from './show.ts'
import { stillThere } from './visitor.ts'
import type { Visitor } from './visitor.ts'

export const showEmail: Show = (deps, ctx, visitor) => {
  // Without mail nobody could confirm it; an operator changes it.
  if (deps.hasMail) page(deps, ctx, visitor)
  else goOn(ctx, '/account/profile')
  return Promise.resolve()
}

/** Another address: nothing changes until it is confirmed by a mail to it. What is said does not tell whether somebody has it. */
export const changeEmail: Act = async (deps, ctx, visitor, form) => {
  if (!deps.hasMail) {
    goOn(ctx, '/account/profile')
    return
  }
  const email = field(form, 'email')?.trim() ?? ''
  const before = (tx: Tx) => stillThere(tx, visitor)
  const asked = await askForNewAddress(deps, ctx, { user: visitor.user, email, before })
  if (asked.ok) goOn(ctx, asked.next)
  else if (asked.reason === 'throttled') page(deps, ctx, visitor, { email, problem: asked.problem })
  else if (asked.reason === 'unchanged') goOn(ctx, '/account/profile')
  else if (asked.reason === 'domain') page(deps, ctx, visitor, { email, error: domainsOf(deps) })
  else page(deps, ctx, visitor, { email, error: text('account:self.email.invalid') })
}

function page(
  deps: AccountDeps,
  ctx: Context,
  visitor: Visitor,
  { email = '', ...refused }: { email?: string; error?: Text; problem?: Text } = {},
): void {
  const only = allowedDomains(deps.registration).length > 0 ? domainsOf(deps) : undefined
  show(deps, ctx, visitor, 'account/email', { email, only, ...refused })
}

const domainsOf = ({ registration }: AccountDeps): Text =>
  text('account:self.email.domains', { domains: allowedDomains(registration).join(', ') })
