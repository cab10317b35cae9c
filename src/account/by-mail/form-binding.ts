import type { Context } from 'koa'
import { randomSecret } from '../../crypto/index.ts'
import { ownCookie } from '../../http/index.ts'

const cookie = ownCookie('cardea_form')

/**
 * What the tokens of forms are bound to that people fill in before anybody knows who they are: a random value in a cookie of this
 * browser, made when the first such form is shown.
 */
export function formBinding(ctx: Context): string {
  const kept = cookie.get(ctx)
  if (kept !== undefined) return `form:${kept}`
  const value = randomSecret(16)
  cookie.set(ctx, value)
  return `form:${value}`
}
