import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** One folder under prisma/migrations. */
export type Migration = { name: string; sql: string; checksum: string }

/** Where our own migrations lie. */
export const MIGRATIONS_DIR = fileURLToPath(new URL('../../../prisma/migrations', import.meta.url))

/** All migrations in `dir`, in the order in which they apply. */
export async function readMigrations(dir: string): Promise<Migration[]> {
  const folders = (await readdir(dir, { withFileTypes: true })).filter((entry) => entry.isDirectory())
  const names = folders.map((entry) => entry.name).sort()
  return Promise.all(
    names.map(async (name) => {
      const sql = await readFile(path.join(dir, name, 'migration.sql'), 'utf8')
      return { name, sql, checksum: sha256(sql) }
    }),
  )
}

/** Whether the migration is the one that was applied; a checkout may have changed its line ends (Prisma agrees). */
export function isSameMigration({ sql, checksum }: Migration, appliedChecksum: string): boolean {
  const unix = sql.replaceAll('\r\n', '\n')
  const variants = [checksum, sha256(unix), sha256(unix.replaceAll('\n', '\r\n'))]
  return variants.includes(appliedChecksum)
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
