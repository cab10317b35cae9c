import { readFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { migrate, startEmbeddedPostgres } from '../src/db/index.ts'

export type FaultDatabase = {
  /** Its address past every proxy; another one after a restart. */
  url(): string
  port(): number
  /** Ends it without any farewell (`immediate`), and starts it again on what it had written. */
  restart(): Promise<void>
  /** Whatever is written to these tables fails as it does on a full disk (53100). Returns how to stop. */
  fillDisk(): Promise<() => Promise<void>>
  /** Nothing may be written any more (25006), by anybody. Returns how to stop. */
  forbidWrites(): Promise<() => Promise<void>>
  query<Row extends object>(text: string): Promise<Row[]>
  stop(): Promise<void>
}

const FULL_DISK_TABLES = ['tokens', 'sessions', 'grants', 'interactions', 'audit_events', 'logout_notices']
/** What looks for a lock must not stand in everybody's way. */
const LOCK_MS = 700

/** A PostgreSQL of our own in a temporary folder, durable as in production, with the schema and nothing in it. */
export async function startDatabase(): Promise<FaultDatabase> {
  const dir = await mkdtemp(path.join(tmpdir(), 'cardea-faults-'))
  const start = () => startEmbeddedPostgres({ dir, fsync: true })
  let server = await start()

  async function query<Row extends object>(text: string): Promise<Row[]> {
    const client = new pg.Client({ connectionString: server.url })
    client.on('error', () => undefined)
    await client.connect()
    try {
      await client.query(`SET default_transaction_read_only = off; SET lock_timeout = ${LOCK_MS}`)
      return (await client.query<Row>(text)).rows
    } finally {
      await client.end()
    }
  }

  /** What must happen happens, whoever holds a lock or restarts what meanwhile. */
  async function insist(text: string): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      try {
        await query(text)
        return
      } catch (error) {
        if (tries === 100) throw error
        await sleep(50)
      }
    }
  }

  const dropConnections = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'`

  await migrate(server.url)
  await query(`CREATE FUNCTION faults_full_disk() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$`)
  return {
    url: () => server.url,
    port: () => Number(new URL(server.url).port),
    async restart() {
      const [pid] = (await readFile(path.join(server.home, 'data', 'postmaster.pid'), 'utf8')).split('\n')
      process.kill(Number(pid), 'SIGQUIT')
      await server.stop()
      server = await start()
    },
    async fillDisk() {
      for (const table of FULL_DISK_TABLES)
        await query(
          `CREATE TRIGGER faults_full_disk BEFORE INSERT OR UPDATE ON ${table} EXECUTE FUNCTION faults_full_disk()`,
        ).catch(() => undefined)
      return async () => {
        for (const table of FULL_DISK_TABLES)
          await insist(`DROP TRIGGER IF EXISTS faults_full_disk ON ${table}`)
      }
    },
    async forbidWrites() {
      const set = (what: string) => insist(`ALTER DATABASE postgres ${what}; ${dropConnections}`)
      await set('SET default_transaction_read_only = on')
      return () => set('RESET default_transaction_read_only')
    },
    query,
    async stop() {
      await server.stop()
      await rm(dir, { recursive: true, force: true })
    },
  }
}
