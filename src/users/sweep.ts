import { sweepOf } from '../db/index.ts'
import type { Sweep } from '../db/index.ts'

/** No two clocks of ours are as far apart: what an instance takes for alive by its own clock is not swept by the database's. */
const GRACE_SECONDS = 3600
const DAY_SECONDS = 24 * 3600

/**
 * What this room no longer needs: counters whose failures are forgotten anyway, enrolments left unconfirmed for more than a day, tickets,
 * answered challenges and browsers that have expired. An hour late where an instance compares with its own clock: an answered challenge that
 * went while some instance still took it for good could be answered again. What has expired counts for nothing already.
 */
export const usersSweeps: readonly Sweep[] = [
  sweepOf({ table: 'attempt_counters', by: 'expires_at', keptSeconds: GRACE_SECONDS }),
  sweepOf({
    ...{ table: 'totp_credentials', by: 'created_at', keptSeconds: DAY_SECONDS },
    only: 'confirmed_at IS NULL',
  }),
  sweepOf({ table: 'password_tickets', by: 'expires_at', keptSeconds: 0 }),
  sweepOf({ table: 'mail_tickets', by: 'expires_at', keptSeconds: 0 }),
  sweepOf({ table: 'passkey_challenges', by: 'expires_at', keptSeconds: GRACE_SECONDS }),
  sweepOf({ table: 'trusted_browsers', by: 'expires_at', keptSeconds: GRACE_SECONDS }),
]
