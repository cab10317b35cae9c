import { sweepOf } from '../db/index.ts'
import type { Sweep } from '../db/index.ts'
import { noticeSweeps } from './logout-notices.ts'
import { sessionSweeps } from './session-names.ts'
import { statusListSweep } from './status-list/sweep.ts'

/** Requests under way may have read the row while it was still good. */
const keptSeconds = 60
/** As long as a used assertion is one for every clock of ours (store/replay-guard.ts). */
const REPLAY_GUARDS_SECONDS = 3600

/**
 * What has expired of the engine's. Used codes and rotated tokens stay until their own end, so that a replay is still recognised as one
 * (RT-09); ended sessions stay as tombstones as long as their cookie could live. Expired rows are refused by every read anyway: sweeping
 * only gives the space back.
 */
export const oidcSweeps: readonly Sweep[] = [
  ...['tokens', 'interactions', 'grants'].map((table) => sweepOf({ table, by: 'expires_at', keptSeconds })),
  ...sessionSweeps,
  sweepOf({ table: 'replay_guards', by: 'expires_at', keptSeconds: REPLAY_GUARDS_SECONDS }),
  ...noticeSweeps,
  statusListSweep,
]
