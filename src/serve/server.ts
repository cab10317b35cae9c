import { readFileSync } from 'node:fs'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { createApps } from '../app.ts'
import { startBackground } from './background.ts'
import { describeProblems, parseConfig } from '../config/index.ts'
import type { Config } from '../config/index.ts'
import { createSealer, parseKeyring } from '../crypto/index.ts'
import { connectDatabase, EmbeddedPostgresError, MigrationError, startEmbeddedPostgres } from '../db/index.ts'
import type { Database, DatabaseOptions } from '../db/index.ts'
import { openDevelopment } from '../development/index.ts'
import { listen, ListenError, ViewError } from '../http/index.ts'
import type { Listener } from '../http/index.ts'
import { createLogger } from './logger.ts'
import { prepareDatabase, StartRefused } from './prepare-database.ts'
import { createStartingApp } from './starting-app.ts'
import { onStopSignal } from './stop-signal.ts'
import { createPasswordHasher } from '../users/index.ts'

export const EXIT = { ok: 0, failed: 1, usage: 64, unavailable: 69, config: 78 } as const

/** One listens; the others take jobs and write down how they ended. What jobs do goes through the process's own. */
const WORKER_POOL = 5

/** `worker`: does the jobs of the queue and answers operators how it is; nobody signs in there. */
type Role = 'server' | 'worker'

/**
 * The process from environment to exit: config → database → schema → keys → apps → listeners → signal → drain. Resolves with the
 * exit code. While the database is not there the listeners already answer (live, not ready, 503), and recover by themselves.
 */
export async function startServer({
  env,
  defaultMode,
  role = 'server',
}: {
  env: NodeJS.ProcessEnv
  defaultMode: Config['mode']
  role?: Role
}): Promise<number> {
  const parsed = parseConfig(env, {
    defaultMode,
    readFile: (path) => readFileSync(path, 'utf8'),
    parseKeyring,
  })
  if (!parsed.ok) {
    process.stderr.write(`Cardea cannot start:\n\n${describeProblems(parsed.problems)}\n`)
    return EXIT.config
  }
  const cleanUp: (() => unknown)[] = []
  try {
    return await run(parsed.config, role, cleanUp)
  } catch (error) {
    const expected = [EmbeddedPostgresError, MigrationError, StartRefused, ViewError].some(
      (kind) => error instanceof kind,
    )
    process.stderr.write(`${expected ? (error as Error).message : String((error as Error).stack)}\n`)
    return error instanceof StartRefused || error instanceof ViewError ? EXIT.config : EXIT.failed
  } finally {
    for (const step of cleanUp.reverse()) await attempt(step)
  }
}

async function run(config: Config, role: Role, cleanUp: (() => unknown)[]): Promise<number> {
  if (role === 'worker' && config.database.url === undefined)
    throw new StartRefused('A worker needs DATABASE_URL: the embedded PostgreSQL belongs to its server.')
  const stop = onStopSignal(config.http.shutdownTimeoutMs)
  cleanUp.push(() => stop.release())
  const development = config.mode === 'development' ? openDevelopment(config) : undefined
  const logger = createLogger(config, development?.logFile)

  // The ports first: a second copy of us is told before it touches anything.
  const starting = createStartingApp(config.issuer)
  const handlers: Record<'public' | 'ops', (req: IncomingMessage, res: ServerResponse) => unknown> = {
    public: starting,
    ops: starting,
  }
  const publicListener =
    role === 'server'
      ? await listenAs('CARDEA_PORT', (req, res) => handlers.public(req, res), config.listen)
      : undefined
  cleanUp.push(() => publicListener?.close(0))
  const opsListener = await listenAs('CARDEA_OPS_PORT', (req, res) => handlers.ops(req, res), config.ops)
  cleanUp.push(() => opsListener.close(0))

  // The sample app will listen in a process of its own; whether it can is better known now.
  if (development && role === 'server')
    await (
      await listenAs('CARDEA_SAMPLE_PORT', starting, { host: '127.0.0.1', port: config.samplePort })
    ).close(0)

  const embedded =
    config.database.url === undefined ? await startEmbeddedPostgres({ dir: config.dataDir }) : undefined
  if (embedded) cleanUp.push(() => embedded.stop())
  const url = config.database.url ?? embedded?.url ?? ''
  const onError = (error: Error) => {
    logger.warn({ error: error.message }, 'a database connection was lost')
  }
  const database = connect(config, { url, poolMax: config.database.poolMax, onError })
  cleanUp.push(() => database.close())

  const keys = {
    keyring: config.keys.keyring ?? development?.secrets.keyring,
    cookie: config.keys.cookie ?? development?.secrets.cookie,
  }
  if (!keys.keyring || !keys.cookie)
    throw new StartRefused('CARDEA_KEYRING and CARDEA_COOKIE_KEYS are needed')
  const sealer = createSealer([...keys.keyring])
  const signingKeys = await prepareDatabase({ config, database, url, sealer, logger, signal: stop.signal })
  if (!signingKeys) return EXIT.ok

  const hasher = createPasswordHasher({ ...config.passwords })
  const apps = createApps({
    config,
    database,
    hasher,
    sealer,
    signingKeys,
    cookieKeys: keys.cookie,
    logger,
    isAccepting: () => !stop.signal.aborted,
  })
  handlers.public = apps.publicApp.callback()
  handlers.ops = (role === 'server' ? apps.opsApp : apps.workerApp).callback()
  const worker =
    role === 'worker' || config.worker.inServer
      ? connect(config, { url: config.worker.databaseUrl ?? url, poolMax: WORKER_POOL, onError })
      : null
  cleanUp.push(() => worker?.close())
  cleanUp.push(startBackground({ database, sealer, signingKeys, apps, worker, logger }))
  logger.info({ issuer: config.issuer, mode: config.mode, role }, 'ready')
  if (development && role === 'server') {
    await development.welcome({ database, hasher, sealer, opsUrl: opsListener.url, dataDir: embedded?.home })
    cleanUp.push(() => development.stop())
  }

  await stop.requested
  logger.info('stopping')
  return drain(publicListener, opsListener, config.http.shutdownTimeoutMs)
}

function connect(
  { database }: Config,
  options: Pick<DatabaseOptions, 'url' | 'poolMax' | 'onError'>,
): Database {
  return connectDatabase({
    ...options,
    connectTimeoutMs: database.statementTimeoutMs,
    statementTimeoutMs: database.statementTimeoutMs,
    lockTimeoutMs: Math.ceil((database.statementTimeoutMs * 2) / 3),
    idleInTransactionTimeoutMs: database.statementTimeoutMs * 2,
  })
}

/** Listens, or says which variable to change. */
async function listenAs(
  variable: string,
  handler: RequestListener,
  address: Config['listen'],
): Promise<Listener> {
  try {
    return await listen(handler, address)
  } catch (error) {
    if (error instanceof ListenError)
      throw new StartRefused(`${error.message}\nThe port is set by ${variable}.`)
    throw error
  }
}

async function drain(
  publicListener: Listener | undefined,
  opsListener: Listener,
  deadlineMs: number,
): Promise<number> {
  const outcome = await publicListener?.close(deadlineMs)
  await opsListener.close(1000)
  return outcome === undefined || outcome === 'clean' ? EXIT.ok : EXIT.failed
}

/** One step of the way out must not keep the others from happening. */
async function attempt(step: () => unknown): Promise<void> {
  try {
    await step()
  } catch (error) {
    process.stderr.write(`${String(error)}\n`)
  }
}
