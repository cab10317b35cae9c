import type { Context } from 'koa'
import { text } from '../../language/index.ts'
import type { Text } from '../../language/index.ts'

/** "Try again in …": minutes are enough for a person. Makes the answer 429, which says it to machines (HT-05). */
export function throttledFor(ctx: Context, retryAfterSeconds: number): Text {
  ctx.status = 429
  ctx.set('Retry-After', String(Math.max(1, retryAfterSeconds)))
  const minutes = Math.max(1, Math.ceil(retryAfterSeconds / 60))
  return text('account:self.throttled', { count: minutes })
}
