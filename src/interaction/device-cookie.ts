import type { Context } from 'koa'
import { issueDeviceToken } from '../users/index.ts'

const DAYS = 180
const nameFor = (ctx: Context) => (ctx.secure ? '__Host-cardea_device' : 'cardea_device')

/**
 * Marks this browser as one its user has signed in from, so that strangers who trip the throttles of an account do not lock
 * its owner out (TH-03). It proves nothing else: no factor is skipped for it.
 */
export function rememberDevice(ctx: Context, keys: readonly Buffer[], userId: string): void {
  ctx.cookies.set(nameFor(ctx), issueDeviceToken(keys, userId), {
    httpOnly: true,
    sameSite: 'lax',
    secure: ctx.secure,
    path: '/',
    overwrite: true,
    maxAge: DAYS * 86_400_000,
  })
}

export function deviceTokenOf(ctx: Context): string | undefined {
  return ctx.cookies.get(nameFor(ctx))
}
