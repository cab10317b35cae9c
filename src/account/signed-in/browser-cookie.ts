import type { Context } from 'koa'

const DAYS = 180
const nameFor = (ctx: Context) => (ctx.secure ? '__Host-cardea_device' : 'cardea_device')

/** What this browser is known by at a sign-in, which sets it too. It proves nothing. */
export function browserTokenOf(ctx: Context): string | undefined {
  return ctx.cookies.get(nameFor(ctx))
}

export function rememberBrowser(ctx: Context, token: string): void {
  ctx.cookies.set(nameFor(ctx), token, {
    ...{ httpOnly: true, sameSite: 'lax', secure: ctx.secure, path: '/', overwrite: true },
    maxAge: DAYS * 86_400_000,
  })
}
