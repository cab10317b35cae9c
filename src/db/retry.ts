import { isRetryable } from './trouble.ts'

const MAX_RETRIES = 3

/** Runs `attempt` again while it loses against another transaction, three times at most, after growing random pauses. */
export async function withRetries<T>(attempt: () => Promise<T>): Promise<T> {
  for (let retry = 0; ; retry++) {
    try {
      return await attempt()
    } catch (error) {
      if (retry === MAX_RETRIES || !isRetryable(error)) throw error
      // Random, or two that collided collide again.
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 20 * 2 ** retry))
    }
  }
}
