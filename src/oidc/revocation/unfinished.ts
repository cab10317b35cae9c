import type { Database } from '../../db/index.ts'

/**
 * Is there anything to settle or to clear away? One look without a transaction: most of the time there is not. Rows that another
 * instance has in hand count too; whoever asks finds out when it tries.
 */
export async function hasUnfinishedRevocations({ pool }: Pick<Database, 'pool'>): Promise<boolean> {
  const { rows } = await pool.query<{ unfinished: boolean }>({
    name: 'unfinished_revocations',
    text: "SELECT EXISTS (SELECT FROM revocations WHERE state = 'running' OR settled_at IS NULL) AS unfinished",
  })
  return rows[0]?.unfinished === true
}
