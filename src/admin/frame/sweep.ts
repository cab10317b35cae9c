import { sweepOf } from '../../db/index.ts'
import type { Sweep } from '../../db/index.ts'

/** Idempotency keys and rate windows whose time is over. */
export const adminSweeps: readonly Sweep[] = [
  sweepOf({ table: 'idempotency_keys', by: 'expires_at', keptSeconds: 0 }),
  sweepOf({ table: 'admin_request_windows', by: 'started_at', keptSeconds: 3600 }),
]
