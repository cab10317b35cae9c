import { setTimeout as sleep } from 'node:timers/promises'
import type { JWK } from 'jose'
import type { Logger } from 'pino'
import type { Config } from '../config/index.ts'
import { ensureBuiltIn } from '../clients/index.ts'
import { SealBroken } from '../crypto/index.ts'
import type { Sealer } from '../crypto/index.ts'
import { isStorageTrouble, migrate } from '../db/index.ts'
import type { Database } from '../db/index.ts'
import { ensureSigningKeys } from '../oidc/index.ts'
import { installQueue } from '../queue/index.ts'

/** The server may not run on this database; the message says why and what to do. */
export class StartRefused extends Error {
  override readonly name = 'StartRefused'
}

type Patience = { logger: Logger; signal: AbortSignal }

type Preparation = Patience & {
  config: Config
  database: Database
  url: string
  sealer: Sealer
}

const RETRY_MS = 1000

/**
 * Brings the schema up to date and gives the signing keys, waiting for the database as long as it takes. Null when the process
 * is asked to stop meanwhile. Throws what waiting cannot cure: a failed migration, keys sealed under another key ring.
 */
export function prepareDatabase(preparation: Preparation): Promise<JWK[] | null> {
  const { config, database, url, sealer } = preparation
  return persist(preparation, async () => {
    await migrate(url)
    await installQueue(database.pool)
    if (config.mode === 'production') await refuseSeeds(database)
    await ensureBuiltIn(database.prisma, { issuer: config.issuer })
    if (config.database.directUrl !== undefined) await warnOfMissingLimits(preparation)
    return ensureSigningKeys({ database, sealer })
  })
}

/** Gives the signing keys of a database that another process has prepared, as patiently. */
export function openSigningKeys(
  opening: Patience & Pick<Preparation, 'database' | 'sealer'>,
): Promise<JWK[] | null> {
  return persist(opening, () => ensureSigningKeys(opening))
}

async function persist({ logger, signal }: Patience, attempt: () => Promise<JWK[]>): Promise<JWK[] | null> {
  while (!signal.aborted) {
    try {
      return await attempt()
    } catch (error) {
      if (error instanceof SealBroken) throw otherKeyring()
      if (!isStorageTrouble(error)) throw error
      logger.warn({ error: (error as Error).message }, 'the database is not there yet')
      await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined)
    }
  }
  return null
}

function otherKeyring(): StartRefused {
  return new StartRefused(
    'The signing keys in this database were sealed with a key that is not in CARDEA_KEYRING.\n' +
      'Put that key back into it, after the newest.',
  )
}

/** Through a pooler that lends connections by transaction we cannot set the server's limits ourselves. */
async function warnOfMissingLimits({ database, logger }: Preparation): Promise<void> {
  const limits = ['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout']
  const { rows } = await database.pool.query<{ missing: string[] }>(
    `SELECT array(SELECT name FROM unnest($1::text[]) AS name WHERE current_setting(name) = '0') AS missing`,
    [limits],
  )
  const missing = rows[0]?.missing ?? []
  if (missing.length > 0)
    logger.warn({ missing }, 'the pooler sets no such limits: what hangs in the database is not ended there')
}

async function refuseSeeds({ prisma }: Database): Promise<void> {
  const where = { seeded: true }
  const seeded = (await prisma.user.count({ where })) + (await prisma.client.count({ where }))
  if (seeded > 0)
    throw new StartRefused(
      `This database was filled by a development server: it holds ${seeded} users and clients whose passwords and secrets lie in a folder.\n` +
        'Use an empty database for production.',
    )
}
