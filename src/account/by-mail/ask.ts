import type { Context } from 'koa'
import { text } from '../../language/index.ts'
import type { Text } from '../../language/index.ts'
import { mailRequestCounters, reserveAttempt } from '../../users/index.ts'
import type { ByMailDeps } from './deps.ts'

/**
 * Counts a request that makes us write to an address, over all instances. Null when it may go on; else the page's problem, with the
 * answer made 429 (HT-05). Counted the same whoever the address belongs to.
 */
export async function countAsking(
  { database }: Pick<ByMailDeps, 'database'>,
  ctx: Context,
  email: string,
): Promise<Text | null> {
  const counters = mailRequestCounters({ email, ip: ctx.state.ip })
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
