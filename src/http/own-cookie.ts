import type { Context } from 'koa'

/** How long a browser keeps a cookie; left out, until it is closed. */
type Life = { seconds: number } | { until: Date | null }

export type OwnCookie = {
  /** What it is called on https, or at a desk without. */
  name(secure: boolean): string
  /** What the browser brought, if we signed it. */
  get(ctx: Context): string | undefined
  set(ctx: Context, value: string, life?: Life): void
  clear(ctx: Context): void
}

/**
 * A cookie of ours (SE-01): signed, HttpOnly, Lax; over https Secure and with the prefix that keeps neighbouring hosts from planting
 * it (RFC 6265bis section 4.1.3): `__Host-` for the whole site, `__Secure-` for one that is bound to a path.
 */
export function ownCookie(name: string, { path = '/' }: { path?: string } = {}): OwnCookie {
  const prefix = path === '/' ? '__Host-' : '__Secure-'
  const nameOn = (secure: boolean) => (secure ? `${prefix}${name}` : name)
  const flags = (ctx: Context) =>
    ({ httpOnly: true, sameSite: 'lax', secure: ctx.secure, signed: true, overwrite: true, path }) as const
  return {
    name: nameOn,
    get: (ctx) => ctx.cookies.get(nameOn(ctx.secure), { signed: true }),
    set(ctx, value, life = { until: null }) {
      const until =
        'until' in life ? (life.until ? { expires: life.until } : {}) : { maxAge: life.seconds * 1000 }
      ctx.cookies.set(nameOn(ctx.secure), value, { ...flags(ctx), ...until })
    },
    clear(ctx) {
      ctx.cookies.set(nameOn(ctx.secure), null, flags(ctx))
    },
  }
}
