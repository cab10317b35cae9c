import type { Context } from 'koa'

const DAYS = 180
const nameFor = (ctx: Context) => (ctx.secure ? '__Host-cardea_device' : 'cardea_device')

/**
 * Lets this browser keep the token that `knowBrowser` of the users room made, so that strangers who trip the throttles of an account do
 * not lock its owner out (TH-03).
 */
export function rememberBrowser(ctx: Context, token: string): void {
  ctx.cookies.set(nameFor(ctx), token, {
    httpOnly: true,
    sameSite: 'lax',
    secure: ctx.secure,
    path: '/',
    overwrite: true,
    maxAge: DAYS * 86_400_000,
  })
}

export function browserTokenOf(ctx: Context): string | undefined {
  return ctx.cookies.get(nameFor(ctx))
}
