import { runMigrations } from 'graphile-worker'
import type { Pool } from '../db/index.ts'
import { silent } from './quiet-logger.ts'

/** Brings the queue's own tables (schema graphile_worker) up to date. Safe on several instances at once; does nothing when they are. */
export async function installQueue(pool: Pool): Promise<void> {
  await runMigrations({ pgPool: pool, logger: silent })
}

/** Whether jobs can be asked for: the queue's own tables are there. */
export async function isQueueInstalled(pool: Pool): Promise<boolean> {
  const { rows } = await pool.query<{ there: boolean }>(
    "SELECT to_regclass('graphile_worker._private_jobs') IS NOT NULL AS there",
  )
  return rows[0]?.there === true
}
