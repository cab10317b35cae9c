import pg from 'pg'
import type { EmbeddedPostgres } from '../../src/db/embedded/start.ts'

declare global {
  /** What the run's set-up leaves for its teardown; both run in jest's main process. */
  var testServer: { server: EmbeddedPostgres | null; admin: string; run: string } | undefined
}

/** Drops every database whose name starts with `prefix`, whoever is connected. */
export async function dropDatabases(admin: string, prefix: string): Promise<void> {
  const client = new pg.Client({ connectionString: admin })
  await client.connect()
  try {
    const { rows } = await client.query<{ datname: string }>(
      'SELECT datname FROM pg_database WHERE starts_with(datname, $1)',
      [prefix],
    )
    for (const { datname } of rows) {
      await client.query(`DROP DATABASE IF EXISTS ${pg.escapeIdentifier(datname)} WITH (FORCE)`)
    }
  } finally {
    await client.end()
  }
}
