import { NOTICE_LIFETIME_SECONDS } from '../oidc/index.ts'
import type { NoticeOutcome } from '../oidc/index.ts'

const FIRST_DELAY_SECONDS = 5
const LONGEST_DELAY_SECONDS = 900
/** A relying party that says no three times means it (Back-Channel Logout section 2.8). */
const MOST_REFUSALS = 3

/** How long to wait after this many attempts: 5 s, twice as long each time, 15 minutes at most; spread, so that not all come at once. */
export function delayAfter(attempts: number, random: () => number = Math.random): number {
  const full = Math.min(FIRST_DELAY_SECONDS * 2 ** (attempts - 1), LONGEST_DELAY_SECONDS)
  return full * (0.75 + random() * 0.5)
}

/**
 * What an attempt amounts to. 200 and 204 are success (section 2.8); 400 is the relying party's no; everything else is worth another
 * try, until the notice is a day old. What will never change is not tried again.
 */
export function outcomeOf(
  answer: { status: number } | { failure: string },
  { attempts, ageSeconds }: { attempts: number; ageSeconds: number },
  random: () => number = Math.random,
): NoticeOutcome {
  if ('status' in answer && (answer.status === 200 || answer.status === 204)) return { state: 'delivered' }
  const error = 'status' in answer ? `http_${answer.status}` : answer.failure
  const retryInSeconds = delayAfter(attempts, random)
  const isFinal =
    error === 'no_address' ||
    (error === 'http_400' && attempts >= MOST_REFUSALS) ||
    ageSeconds + retryInSeconds >= NOTICE_LIFETIME_SECONDS
  return isFinal ? { state: 'failed', error } : { state: 'queued', error, retryInSeconds }
}
