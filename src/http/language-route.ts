import Router from '@koa/router'
import type { Context, Middleware } from 'koa'
import { isLanguage } from '../language/index.ts'
import type { Language } from '../language/index.ts'
import { rememberLanguage } from './choose-language.ts'
import { formBody } from './form-body.ts'
import { HttpProblem } from './http-problem.ts'
import { localAddress } from './local-address.ts'
import { field } from './urlencoded.ts'

/**
 * `POST /language` with `language` and `here`: the picker in the foot of every page. Remembers the choice in this browser, hands it to
 * `onChosen` (whose account it may be is none of this room's business), and leads back to `here` if that is an address of ours.
 * A language we do not speak is a malformed form. It needs no CSRF token: words are all that it changes, and `csrfGuard` stands before.
 */
export function languageRoute({
  onChosen,
}: {
  onChosen: (ctx: Context, language: Language) => Promise<void>
}): Middleware {
  const router = new Router()
  router.post('/language', formBody(), async (ctx) => {
    const language = field(ctx.request.body, 'language')
    if (!isLanguage(language)) throw new HttpProblem(400, { reason: 'language' })
    rememberLanguage(ctx, language)
    await onChosen(ctx, language)
    ctx.status = 303
    ctx.redirect(localAddress(field(ctx.request.body, 'here')) ?? '/account')
  })
  return router.routes() as unknown as Middleware
}
