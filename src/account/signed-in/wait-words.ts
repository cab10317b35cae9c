import { text } from '../../language/index.ts'
import type { Text } from '../../language/index.ts'

/** "Try again in …": minutes are enough for a person. */
export function throttledFor(retryAfterSeconds: number): Text {
  const minutes = Math.max(1, Math.ceil(retryAfterSeconds / 60))
  return text('account:self.throttled', { count: minutes })
}
