import { text } from '../language/index.ts'
import type { Text } from '../language/index.ts'

/** "Try again in …", in words that fit a person: the seconds are for machines. */
export function throttledFor(retryAfterSeconds: number): Text {
  if (retryAfterSeconds < 60) return text('errors:throttled.seconds', { count: retryAfterSeconds })
  const minutes = Math.ceil(retryAfterSeconds / 60)
  if (minutes <= 1) return text('errors:throttled.minute')
  if (minutes < 60) return text('errors:throttled.minutes', { count: minutes })
  if (minutes < 90) return text('errors:throttled.hour')
  return text('errors:throttled.hours', { count: Math.ceil(minutes / 60) })
}
