import type { Posted } from '../../http/index.ts'

/** What to do after an attempt. */
export type Verdict =
  { ok: true } | { ok: false; error: string; next: { retryInSeconds: number } | 'pause' | 'disable' }

/** Standard Webhooks' schedule, in seconds: 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, then once a day. */
const DELAYS = [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400]
const PAUSE_AFTER_SECONDS = 5 * 86_400

/**
 * 2xx is success. 410 says that nobody listens there any more: it is not asked again. Everything else is tried again at growing intervals,
 * not before the receiver asked for, until it has failed for five days without one success.
 */
export function verdictOn(
  answer: Posted,
  { failures, failingForSeconds }: { failures: number; failingForSeconds: number },
): Verdict {
  if ('status' in answer && answer.status >= 200 && answer.status < 300) return { ok: true }
  const error = 'status' in answer ? `http_${answer.status}` : answer.failure
  if (error === 'http_410') return { ok: false, error, next: 'disable' }
  if (failingForSeconds >= PAUSE_AFTER_SECONDS) return { ok: false, error, next: 'pause' }
  const planned = DELAYS[Math.min(failures, DELAYS.length - 1)] ?? 0
  const asked = 'status' in answer ? Math.min(answer.retryAfter ?? 0, 86_400) : 0
  return { ok: false, error, next: { retryInSeconds: Math.max(planned, asked) } }
}
