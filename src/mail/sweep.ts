import { sweepOf } from '../db/index.ts'
import type { Sweep } from '../db/index.ts'

/** For so long it can be seen who was written to; the limits per address look back one day. */
const KEPT_SECONDS = 7 * 24 * 3600

/**
 * Gives up what has waited too long, with its data, and forgets mails a week after they were caused and left the queue, the mailbox
 * included.
 */
export const mailSweeps: readonly Sweep[] = [
  sweepOf({
    ...{ table: 'mails', by: 'next_attempt_at', keptSeconds: 0 },
    only: "state = 'queued' AND expires_at <= now()",
    set: "state = 'failed', sealed_data = '', last_error = COALESCE(last_error, 'expired')",
    overAt: 'GREATEST(next_attempt_at, expires_at)',
  }),
  sweepOf({ table: 'mails', by: 'created_at', keptSeconds: KEPT_SECONDS, only: "state <> 'queued'" }),
  sweepOf({ table: 'mailbox', by: 'sent_at', keptSeconds: KEPT_SECONDS }),
]
