import type { Context } from 'koa'
import { randomSecret } from '../../crypto/index.ts'
import { ownCookie } from '../../http/index.ts'

const cookie = ownCookie('cardea_form')

/**
 * What the tokens of forms are bound to that people fill in before anybody knows who they are: a random value in a cookie of this
 * browser, made when the first such form is shown.
 */
export function formBinding(ctx: Context): string {
  return `form:${markBrowser(ctx)}`
}

/** Gives this browser that value, unless it has it already. A form that is sent twice is known by it. */
export function markBrowser(ctx: Context): string {
  const kept = cookie.get(ctx)
  if (kept !== undefined) return kept
  const value = randomSecret(16)
  cookie.set(ctx, value)
  return value
}

/** The value of a browser that was shown such a form. */
export function formBrowser(ctx: Context): string | undefined {
  return cookie.get(ctx)
}
