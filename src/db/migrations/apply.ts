import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import { isStorageTrouble } from '../trouble.ts'
import { MigrationError } from './error.ts'
import type { Migration } from './files.ts'

/** SQLSTATE of CREATE INDEX CONCURRENTLY and its like inside a transaction. */
const NEEDS_NO_TRANSACTION = '25001'

/** Whoever waits for a table keeps everybody behind from it, so that a backup under way would stop the service for as long as it takes. */
const LOCKED_AT_MOST = "SET LOCAL lock_timeout = '1s'"

/**
 * Applies one migration and records it, in one transaction: a crash leaves neither. When its SQL is at fault, the
 * failure is recorded, so that no later start tries it again before somebody has looked. Throws MigrationError; storage
 * trouble as it comes, of which one is that a table is in use (55P03).
 */
export async function applyMigration(client: pg.Client, migration: Migration): Promise<void> {
  const { name, sql, checksum } = migration
  const id = randomUUID()
  const begin = () =>
    client.query(
      'INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at) VALUES ($1, $2, $3, now())',
      [...[id, checksum, name]],
    )
  const finish = () =>
    client.query('UPDATE _prisma_migrations SET finished_at = now(), applied_steps_count = 1 WHERE id = $1', [
      id,
    ])

  try {
    await client.query('BEGIN')
    try {
      await client.query(LOCKED_AT_MOST)
      await begin()
      await client.query(sql)
      await finish()
      await client.query('COMMIT')
    } catch (error) {
      await client.query('ROLLBACK').catch(() => undefined)
      throw error
    }
  } catch (error) {
    if (isStorageTrouble(error)) throw error
    await begin()
    try {
      if ((error as { code?: unknown }).code !== NEEDS_NO_TRANSACTION) throw error
      // Such a statement has to be alone in its file.
      await client.query(sql)
      await finish()
    } catch (failure) {
      const reason = failure instanceof Error ? failure.message : String(failure)
      await client.query('UPDATE _prisma_migrations SET logs = $2 WHERE id = $1', [id, reason])
      throw new MigrationError('failed', name, `Migration ${name} failed: ${reason}`, { cause: failure })
    }
  }
}
