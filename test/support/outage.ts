import pg from 'pg'
import type { TestServer } from './server.ts'

/** Somebody holds a table and does not let go: every statement about it runs into its time limit. */
export async function holdTable(
  server: TestServer,
  table: string,
): Promise<{ release: () => Promise<void> }> {
  const holder = new pg.Client({ connectionString: server.databaseUrl })
  await holder.connect()
  await holder.query(`BEGIN; LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`)
  return { release: () => holder.end() }
}

/** Until so many statements of the server wait for a lock that somebody else holds. */
export async function untilWaiting(
  { database }: Pick<TestServer, 'database'>,
  { statements = 1 } = {},
): Promise<void> {
  for (let round = 0; round < 200; round += 1) {
    const rows = await database.prisma.$queryRaw<object[]>`
      SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
    if (rows.length >= statements) return
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  throw new Error('nothing waits for a lock')
}

/** The server's database drops everybody and takes nobody in, until `restore`. */
export async function shutDatabase(server: TestServer): Promise<{ restore: () => Promise<void> }> {
  const name = databaseName(server)
  await asAdmin(`ALTER DATABASE ${name} WITH ALLOW_CONNECTIONS false`)
  await asAdmin(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`)
  return { restore: () => asAdmin(`ALTER DATABASE ${name} WITH ALLOW_CONNECTIONS true`) }
}

/**
 * From now on a row that gets into the table fails with this SQLSTATE, in the middle of whatever is going on. `condition` is
 * SQL over NEW.
 */
export async function failOnInsert(
  { database }: Pick<TestServer, 'database'>,
  { table, condition = 'true', sqlstate = '53100' }: { table: string; condition?: string; sqlstate?: string },
): Promise<{ stop(): Promise<void> }> {
  await database.pool
    .query(`CREATE OR REPLACE FUNCTION fail_on_insert() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN IF ${condition} THEN RAISE EXCEPTION 'injected' USING ERRCODE = '${sqlstate}'; END IF; RETURN NEW; END $$;
    CREATE TRIGGER fail_on_insert BEFORE INSERT ON ${table} FOR EACH ROW EXECUTE FUNCTION fail_on_insert()`)
  return {
    async stop() {
      await database.pool.query(`DROP TRIGGER fail_on_insert ON ${table}`)
    },
  }
}

function databaseName(server: TestServer): string {
  return new URL(server.databaseUrl).pathname.slice(1)
}

async function asAdmin(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: process.env.TEST_ADMIN_URL })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
