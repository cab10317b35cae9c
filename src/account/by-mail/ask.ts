import type { Context } from 'koa'
import { text } from '../../language/index.ts'
import type { Text } from '../../language/index.ts'
import { browserTokenOf } from '../../oidc/index.ts'
import { browserForEmail, mailAddressCounters, mailFormCounters, reserveAttempt } from '../../users/index.ts'
import type { Counter, MailTicketPurpose } from '../../users/index.ts'
import type { ByMailDeps } from './deps.ts'

type Deps = Pick<ByMailDeps, 'database'>
type Asking = { email: string; purpose: MailTicketPurpose }

/**
 * Counts a request that makes us write to an address, over all instances. Null when it may go on; else the page's problem, with the
 * answer made 429 (HT-05). Counted the same whoever the address belongs to.
 */
export async function countAsking(deps: Deps, ctx: Context, asking: Asking): Promise<Text | null> {
  const browser = await knownBrowser(deps, ctx, asking.email)
  const { ip } = ctx.state
  const aboutMail = mailAddressCounters({ ...asking, browser, ip })
  return count(deps, ctx, [...mailFormCounters({ ip, browser }), ...aboutMail])
}

/** The part of it that is about the network alone: for a form that may yet turn out to cause no mail. */
export async function countForm(deps: Deps, ctx: Context): Promise<Text | null> {
  return count(deps, ctx, mailFormCounters({ ip: ctx.state.ip }))
}

/** The part of it that is about the address: a mail is certain to follow. */
export async function countMail(deps: Deps, ctx: Context, asking: Asking): Promise<Text | null> {
  const browser = await knownBrowser(deps, ctx, asking.email)
  return count(deps, ctx, mailAddressCounters({ ...asking, browser, ip: ctx.state.ip }))
}

/** The id of the browser that asks, if it is known for whoever has the address. */
export function knownBrowser({ database }: Deps, ctx: Context, email: string): Promise<string | null> {
  return browserForEmail(database.prisma, { email, token: browserTokenOf(ctx) })
}

async function count({ database }: Deps, ctx: Context, counters: readonly Counter[]): Promise<Text | null> {
  const reserved = await reserveAttempt(database.prisma, counters, new Date())
  return reserved.ok ? null : tooMany(ctx, reserved.retryAfter)
}

/** Too many attempts: 429, when to come back for machines, and the same in words. */
export function tooMany(ctx: Context, retryAfter: number): Text {
  ctx.status = 429
  ctx.set('Retry-After', String(retryAfter))
  const minutes = Math.ceil(retryAfter / 60)
  if (minutes <= 1) return text('errors:throttled.minute')
  if (minutes < 60) return text('errors:throttled.minutes', { count: minutes })
  if (minutes < 90) return text('errors:throttled.hour')
  return text('errors:throttled.hours', { count: Math.ceil(minutes / 60) })
}
