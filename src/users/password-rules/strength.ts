import { createThread } from '../thread.ts'
import { strengthOf } from './weakness.ts'
import type { Finding, Strength } from './weakness.ts'

export type JudgeStrength = (password: string, words: readonly string[]) => Promise<Strength>

/**
 * Judges passwords by zxcvbn, in one thread that starts with the first question and ends after a minute without any. A question takes some
 * 50 ms at worst. Throws HasherBusy when 32 wait, ThreadTrouble when there is no answer in time: both are a 503, and no verdict.
 */
export function createStrengthJudge({ timeoutMs = 5000, most = 32, idleMs = 60_000 } = {}): JudgeStrength {
  const file = new URL('strength-thread.ts', import.meta.url)
  const thread = createThread<{ password: string; words: readonly string[] }, Finding>({
    file,
    timeoutMs,
    most,
    idleMs,
  })
  return async (password, words) => strengthOf(await thread.ask({ password, words }))
}
