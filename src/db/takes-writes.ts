import type { Pool } from 'pg'

/** Whether the database takes writes: a standby, or a server that was told not to, answers and is of no use. */
export async function takesWrites(pool: Pool): Promise<boolean> {
  const { rows } = await pool.query<{ readonly: boolean }>(
    `SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::bool AS readonly`,
  )
  return rows[0]?.readonly === false
}
