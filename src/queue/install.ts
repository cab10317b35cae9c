import { runMigrations } from 'graphile-worker'
import type { Pool } from '../db/index.ts'
import { silent } from './quiet-logger.ts'

/** Brings the queue's own tables (schema graphile_worker) up to date. Safe on several instances at once; does nothing when they are. */
export async function installQueue(pool: Pool): Promise<void> {
  await runMigrations({ pgPool: pool, logger: silent })
}
