import type { Context } from 'koa'
import type { SignIn } from './sign-in.ts'

/**
 * Asks once more what the app asked, as a sign-in of its own. The one under way cannot be finished by somebody whose access was ended since it
 * began, and a forgotten password that is replaced ends all of it: this one begins after that. It takes nothing over but the request.
 */
export function startAgain(ctx: Context, { interaction: { params } }: Pick<SignIn, 'interaction'>): void {
  ctx.status = 303
  ctx.redirect(params['response_type'] === undefined ? '/device' : `/authorize?${queryOf(params)}`)
}

/** The parameters as they came; `resource` may be there several times. */
function queryOf(params: Record<string, unknown>): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(params))
    for (const one of [value].flat())
      if (typeof one === 'string' || typeof one === 'number') query.append(name, String(one))
  return query.toString()
}
