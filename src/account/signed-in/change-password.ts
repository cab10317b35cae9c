import type { Context } from 'koa'
import { field } from '../../http/index.ts'
import type { Form } from '../../http/index.ts'
import { text } from '../../language/index.ts'
import type { Text } from '../../language/index.ts'
import { checkPassword, findUser, passwordProblem, setPasswordHash, tellUser } from '../../users/index.ts'
import type { AccountDeps } from '../deps.ts'
import { browserTokenOf, rememberBrowser } from '../../oidc/index.ts'
import { afterChange, userAgentOf } from './changes.ts'
import { goOn } from './frame.ts'
import type { Act, Show } from './frame.ts'
import { show } from './show.ts'
import { byVisitor, changeAs } from './visitor.ts'
import type { Visitor } from './visitor.ts'
import { throttledFor } from './wait-words.ts'

const HERE = '/account/change-password'

export const showChangePassword: Show = (deps, ctx, visitor) => {
  page(deps, ctx, visitor)
  return Promise.resolve()
}

/**
 * A new password: for somebody who signed in within five minutes and knows the old one, whose guesses are counted like those at the
 * sign-in (MF-07, ASVS 6.2.3). A form that was made before another change does nothing, so that sending it twice is one change.
 */
export const changePassword: Act = async (deps, ctx, visitor, form) => {
  const { user } = visitor
  if (field(form, 'version') !== user.updatedAt.toISOString()) {
    goOn(ctx, HERE, 'meanwhile')
    return
  }
  const refused = (await currentRefused(deps, ctx, visitor, form)) ?? (await nextRefused(deps, visitor, form))
  if (refused) {
    page(deps, ctx, visitor, refused)
    return
  }
  const passwordHash = await deps.hasher.hash(field(form, 'password') ?? '')
  const { id: userId } = user
  const changed = await changeAs(deps, visitor, async (tx) => {
    const now = await findUser(tx, userId)
    if (now?.updatedAt.getTime() !== user.updatedAt.getTime()) return null
    const by = byVisitor(ctx, visitor)
    await setPasswordHash(tx, userId, passwordHash, by)
    const notice = { userId, what: 'password_changed' as const, ip: by.ip, userAgent: userAgentOf(ctx) }
    await tellUser({ tx, sealer: deps.sealer }, notice)
    return afterChange(tx, ctx, visitor, { form, reason: 'password_changed' })
  })
  if (!changed) {
    goOn(ctx, HERE, 'meanwhile')
    return
  }
  rememberBrowser(ctx, changed.browserToken)
  goOn(ctx, '/account/security', 'passwordChanged')
}

type Refused = { error?: Text; problem?: Text; field?: 'current' | 'password' }

async function currentRefused(
  { database, hasher, keys }: AccountDeps,
  ctx: Context,
  { user }: Visitor,
  form: Form,
): Promise<Refused | null> {
  if (!user.hasPassword) return null
  const password = field(form, 'current') ?? ''
  const attempt = { email: user.email, password, ip: ctx.state.ip, browserToken: browserTokenOf(ctx) }
  const verdict = await checkPassword({ database, hasher, keys }, attempt)
  if (verdict.ok) return null
  return verdict.reason === 'throttled'
    ? { problem: throttledFor(ctx, verdict.retryAfter) }
    : { error: text('account:self.password.currentWrong'), field: 'current' }
}

async function nextRefused(deps: AccountDeps, { user }: Visitor, form: Form): Promise<Refused | null> {
  const password = field(form, 'password') ?? ''
  if (password === field(form, 'current'))
    return { error: text('account:self.password.same'), field: 'password' }
  const { email, name } = user
  const problem = await passwordProblem(deps.passwordRules, { password, email, name })
  return problem && { error: problem.text, field: 'password' }
}

function page(deps: AccountDeps, ctx: Context, visitor: Visitor, refused: Refused = {}): void {
  const { hasPassword, updatedAt } = visitor.user
  show(deps, ctx, visitor, 'account/change-password', {
    ...{ hasPassword, version: updatedAt.toISOString() },
    ...{ field: refused.field ?? 'current', error: refused.error, problem: refused.problem },
  })
}
