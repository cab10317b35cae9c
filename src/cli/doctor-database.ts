import type { Config } from '../config/index.ts'
import { createSealer } from '../crypto/index.ts'
import { EmbeddedPostgresError, migrationStatus, takesWrites } from '../db/index.ts'
import type { Database } from '../db/index.ts'
import { openDevelopment } from '../development/index.ts'
import { checkSigningKeys } from '../oidc/index.ts'
import { examineRotation } from './doctor-keys.ts'
import { examineQueue } from './doctor-queue.ts'
import { examineReceivers } from './doctor-receivers.ts'
import { examineSealing } from './doctor-sealing.ts'
import type { Finding } from './finding.ts'
import type { Terminal } from './terminal.ts'
import { atDatabase, connected } from './with-database.ts'

/** The majors the tests have run on. */
const OLDEST = 15
/** Codes live thirty seconds, tokens minutes: more than this between two clocks is worth a look. */
const MOST_SKEW_MS = 5000

/**
 * The database, its schema, the signing keys in it, and its clock beside ours. Before the server runs nobody seals or tells anything, so
 * that what waits for it is no fault then: a dump of last week must not look broken.
 */
export async function examineDatabase(
  terminal: Terminal,
  config: Config,
  { beforeStart }: { beforeStart: boolean },
): Promise<Finding[]> {
  try {
    return await atDatabase(terminal, config, (url) =>
      connected(url, async (database) => {
        const schema = await examineSchema(database)
        const findings = [...(await examineServerAndClock(database)), schema]
        const told =
          schema.ok && !beforeStart
            ? [await examineSealing(database), ...(await examineReceivers(database, config))]
            : []
        const rotation = schema.ok ? await examineRotation(database, config) : []
        const keys = [await examineKeys(database, config), ...rotation]
        return [...findings, ...keys, await examineQueue(database), ...told]
      }),
    )
  } catch (error) {
    const said =
      error instanceof Error ? error.message || String((error as NodeJS.ErrnoException).code) : String(error)
    if (error instanceof EmbeddedPostgresError) return [{ what: 'database', ok: false, said }]
    const remedy = 'Is DATABASE_URL right, is PostgreSQL running, does a firewall stand between?'
    return [{ what: 'database', ok: false, said: `cannot be used: ${said}`, remedy }]
  }
}

async function examineServerAndClock({ pool }: Database): Promise<Finding[]> {
  await pool.query('SELECT 1')
  const asked = Date.now()
  const { rows } = await pool.query<{ version: string; number: number; now: Date }>(
    `SELECT current_setting('server_version') AS version, current_setting('server_version_num')::int AS number,
            clock_timestamp() AS now`,
  )
  const answered = Date.now()
  const [row] = rows
  if (!row) throw new Error('the database answered with nothing')
  const { version, number, now } = row
  // Its clock was read somewhere between the question and the answer.
  const skew = Math.max(asked - now.getTime(), now.getTime() - answered, 0)
  const said = `PostgreSQL ${version}, answers in ${answered - asked} ms`
  return [
    !(await takesWrites(pool))
      ? readOnly(said)
      : number < OLDEST * 10_000
        ? tooOld(said)
        : { what: 'database', ok: true, said },
    clock(skew),
  ]
}

function readOnly(said: string): Finding {
  return {
    what: 'database',
    ok: false,
    said: `${said}, but takes no writes`,
    remedy: 'Point DATABASE_URL at the primary.',
  }
}

function tooOld(said: string): Finding {
  return { what: 'database', ok: false, said, remedy: `Use PostgreSQL ${OLDEST} or newer.` }
}

function clock(skewMs: number): Finding {
  const said =
    skewMs === 0 ? "agrees with the database's" : `differs from the database's by ${skewMs} ms or more`
  return skewMs <= MOST_SKEW_MS
    ? { what: 'clock', ok: true, said }
    : { what: 'clock', ok: false, said, remedy: 'Set both by NTP.' }
}

async function examineSchema({ pool }: Database): Promise<Finding> {
  const { applied, pending, failed } = await migrationStatus(pool)
  const what = 'migrations'
  if (failed.length > 0)
    return {
      what,
      ok: false,
      said: `failed: ${failed.join(', ')}`,
      remedy: 'Run `cardea migrate`: it says what to do.',
    }
  if (pending.length > 0)
    return { what, ok: false, said: `pending: ${pending.join(', ')}`, remedy: 'Run: cardea migrate' }
  return { what, ok: true, said: `${applied.length} applied, none pending` }
}

async function examineKeys(database: Database, config: Config): Promise<Finding> {
  const what = 'signing keys'
  const keyring = config.keys.keyring ?? openDevelopment(config).secrets.keyring
  const { rows } = await database.pool.query<{ there: boolean }>(
    "SELECT to_regclass('signing_keys') IS NOT NULL AS there",
  )
  const found = rows[0]?.there
    ? await checkSigningKeys({ database, sealer: createSealer([...keyring]) })
    : { usable: 0, broken: [] }
  if (found.broken.length > 0)
    return {
      what,
      ok: false,
      said: `${found.broken.length} cannot be opened with this CARDEA_KEYRING`,
      remedy: 'Put the key they were sealed with back into CARDEA_KEYRING, after the newest.',
    }
  return {
    what,
    ok: true,
    said: found.usable > 0 ? `${found.usable} readable` : 'none yet: the first start makes them',
  }
}
