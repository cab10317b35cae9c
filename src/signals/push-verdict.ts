import type { Posted } from '../http/index.ts'

/** What to do after a push. `refused`: the receiver says that there is something wrong with this very event. */
export type Verdict =
  | { kind: 'taken' }
  | { kind: 'refused'; error: string; retryInSeconds: number }
  | { kind: 'failed'; error: string; retryInSeconds: number }

const FIRST_DELAY_SECONDS = 5
const LONGEST_DELAY_SECONDS = 3600
const REFUSED_DELAY_SECONDS = 30

/**
 * RFC 8935 section 2.4, SSF section 8.1.4: is this about what was sent? The others are about keys, names and rights, ours or of a receiver that
 * is set up wrongly: they may be mended, and nothing is to be lost until then.
 */
export function isAboutTheEvent(err: string): boolean {
  return err === 'invalid_request' || err === 'invalid_state'
}

/**
 * What an answer to a push amounts to (RFC 8935 section 2). 202 is success, and so is any other 2xx; 400 with an `err` about the event is the
 * receiver's no to it; everything else is tried again at growing intervals, not before the receiver asked for, without end: the stream waits.
 */
export function verdictOn(
  answer: Posted,
  { failures }: { failures: number },
  random: () => number = Math.random,
): Verdict {
  if ('failure' in answer)
    return { kind: 'failed', error: answer.failure, retryInSeconds: delay(failures, random) }
  if (answer.status >= 200 && answer.status < 300) return { kind: 'taken' }
  const err = answer.status === 400 ? errIn(answer.text ?? '') : null
  if (err !== null && isAboutTheEvent(err))
    return { kind: 'refused', error: err, retryInSeconds: REFUSED_DELAY_SECONDS }
  const asked = Math.min(answer.retryAfter ?? 0, 86_400)
  const retryInSeconds = Math.max(asked, delay(failures, random))
  return { kind: 'failed', error: err ?? `http_${answer.status}`, retryInSeconds }
}

/** The `err` of an answer (RFC 8935 section 2.3), as far as it is one. */
function errIn(text: string): string | null {
  try {
    const { err } = JSON.parse(text) as { err?: unknown }
    return typeof err === 'string' && /^[\w-]{1,64}$/.test(err) ? err : null
  } catch {
    return null
  }
}

function delay(failures: number, random: () => number): number {
  const full = Math.min(FIRST_DELAY_SECONDS * 2 ** Math.min(failures, 20), LONGEST_DELAY_SECONDS)
  return full * (0.75 + random() * 0.5)
}
