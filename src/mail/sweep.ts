import { sweepOf } from '../db/index.ts'
import type { Sweep } from '../db/index.ts'

/** For so long it can be seen who was written to, and what was given up; the limits per address look back one day. */
const KEPT_SECONDS = 7 * 24 * 3600

/**
 * Gives up what has waited until it expired, takes the content from what was given up and has expired since, and forgets mails a week after
 * they were sent or given up, the mailbox included.
 */
export const mailSweeps: readonly Sweep[] = [
  sweepOf({
    ...{ table: 'mails', by: 'next_attempt_at', keptSeconds: 0 },
    only: "state = 'queued' AND expires_at <= now()",
    // From now on it is seen for a week: the last attempt may have been long before.
    set: "state = 'failed', sealed_data = '', next_attempt_at = now(), last_error = COALESCE(last_error, 'expired')",
    overAt: 'GREATEST(next_attempt_at, expires_at)',
  }),
  sweepOf({
    ...{ table: 'mails', by: 'expires_at', keptSeconds: 0 },
    only: "state = 'failed' AND sealed_data <> ''",
    set: "sealed_data = ''",
  }),
  sweepOf({ table: 'mails', by: 'next_attempt_at', keptSeconds: KEPT_SECONDS, only: "state = 'sent'" }),
  sweepOf({ table: 'mails', by: 'next_attempt_at', keptSeconds: KEPT_SECONDS, only: "state = 'failed'" }),
  sweepOf({ table: 'mailbox', by: 'sent_at', keptSeconds: KEPT_SECONDS }),
]
