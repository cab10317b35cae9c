import type { Context } from 'koa'
import { field, rememberLanguage } from '../../http/index.ts'
import { isLanguage, languageNames, languages, text } from '../../language/index.ts'
import type { Text } from '../../language/index.ts'
import { findUser, updateUser } from '../../users/index.ts'
import type { AccountDeps } from '../deps.ts'
import { goOn } from './frame.ts'
import type { Act, Show } from './frame.ts'
import { show } from './show.ts'
import { byVisitor, changeAs } from './visitor.ts'
import type { Visitor } from './visitor.ts'

export const showProfile: Show = (deps, ctx, visitor) => {
  page(deps, ctx, visitor)
  return Promise.resolve()
}

/** Name and language. What another tab or an operator has changed meanwhile is not overwritten unseen. */
export const saveProfile: Act = async (deps, ctx, visitor, form) => {
  const { user } = visitor
  const name = field(form, 'name')?.trim() ?? ''
  const language = field(form, 'language') ?? ''
  const locale = isLanguage(language) ? language : null
  const outcome = await changeAs(deps, visitor, async (tx) => {
    const now = await findUser(tx, user.id)
    if (now?.updatedAt.toISOString() !== field(form, 'version')) return null
    const change = { name: name === '' ? null : name, locale }
    return updateUser(tx, user.id, change, byVisitor(ctx, visitor))
  })
  if (outcome?.ok) {
    if (locale !== null) rememberLanguage(ctx, locale)
    goOn(ctx, '/account/profile', 'profileSaved')
    return
  }
  if (outcome?.reason === 'name_invalid') {
    page(deps, ctx, visitor, { name, error: text('account:self.profile.nameInvalid') })
    return
  }
  goOn(ctx, '/account/profile', 'meanwhile')
}

function page(
  deps: AccountDeps,
  ctx: Context,
  visitor: Visitor,
  sent: { name?: string; error?: Text } = {},
): void {
  const { user } = visitor
  show(deps, ctx, visitor, 'account/profile', {
    name: sent.name ?? user.name ?? '',
    language: isLanguage(user.locale) ? user.locale : '',
    languages: languages.map((code) => ({ code, name: languageNames[code] })),
    emailVerified: user.emailVerified,
    mayChangeEmail: deps.hasMail,
    version: user.updatedAt.toISOString(),
    error: sent.error,
  })
}
