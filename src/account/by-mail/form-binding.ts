import type { Context } from 'koa'
import { randomSecret } from '../../crypto/index.ts'

const nameOf = (ctx: Context) => (ctx.secure ? '__Host-cardea_form' : 'cardea_form')

/**
 * What the tokens of forms are bound to that people fill in before anybody knows who they are: a random value in a cookie of this
 * browser, made when the first such form is shown.
 */
export function formBinding(ctx: Context): string {
  const kept = ctx.cookies.get(nameOf(ctx), { signed: true })
  if (kept !== undefined) return `form:${kept}`
  const value = randomSecret(16)
  ctx.cookies.set(nameOf(ctx), value, {
    ...{ httpOnly: true, sameSite: 'lax', secure: ctx.secure, signed: true, overwrite: true },
    path: '/',
  })
  return `form:${value}`
}
