import { readFileSync } from 'node:fs'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { createApps } from '../app.ts'
import { startBackground } from './background.ts'
import { describeProblems, parseConfig } from '../config/index.ts'
import type { Config } from '../config/index.ts'
import { createSealer, parseKeyring } from '../crypto/index.ts'
import { EmbeddedPostgresError, MigrationError, startEmbeddedPostgres } from '../db/index.ts'
import { openDevelopment } from '../development/index.ts'
import { ViewError } from '../http/index.ts'
import type { Listener } from '../http/index.ts'
import type { Logger } from 'pino'
import { connect, connectWorker } from './connect.ts'
import { startCrew } from './crew.ts'
import type { Crew } from './crew.ts'
import { EXIT } from './exit.ts'
import { giveWay } from './give-way.ts'
import { listenAs } from './listen-as.ts'
import { createLogger, openLog } from './logger.ts'
import type { Log } from './logger.ts'
import { prepareDatabase, StartRefused } from './prepare-database.ts'
import { createStartingApp } from './starting-app.ts'
import { onStopSignal } from './stop-signal.ts'
import { traceAs } from './trace-as.ts'
import { createPasswordHasher } from '../users/index.ts'
import { workerCount } from './worker-count.ts'

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
    return await run(parsed.config, { env, role, cleanUp })
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

type Surroundings = { env: NodeJS.ProcessEnv; role: Role; cleanUp: (() => unknown)[] }

async function run(config: Config, { env, role, cleanUp }: Surroundings): Promise<number> {
  if (role === 'worker' && config.database.url === undefined)
    throw new StartRefused('A worker needs DATABASE_URL: the embedded PostgreSQL belongs to its server.')
  const stop = onStopSignal(config.http.shutdownTimeoutMs)
  cleanUp.push(() => stop.release())
  const development = config.mode === 'development' ? openDevelopment(config) : undefined
  const log = openLog(development?.logFile)
  const logger = createLogger(config, log)
  // Before everything else on the way in, so after everything else on the way out.
  cleanUp.unshift(() => log.close())

  await giveWay()
  const stopTracing = await traceAs(config, role, logger)
  cleanUp.push(stopTracing)

  // The ports first: a second copy of us is told before it touches anything.
  const starting = createStartingApp(config.issuer)
  const handlers: Record<'public' | 'ops', (req: IncomingMessage, res: ServerResponse) => unknown> = {
    public: starting,
    ops: starting,
  }
  const handler: RequestListener = (req, res) => handlers.public(req, res)
  const publicListener = role === 'server' ? await listenAs('CARDEA_PORT', handler, config.listen) : undefined
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
  const onError = (error: Error) => {
    logger.warn({ error: error.message }, 'a database connection was lost')
  }
  const database = connect(config, embedded?.url, onError)
  cleanUp.push(() => database.close())

  const keys = {
    keyring: config.keys.keyring ?? development?.secrets.keyring,
    cookie: config.keys.cookie ?? development?.secrets.cookie,
  }
  if (!keys.keyring || !keys.cookie)
    throw new StartRefused('CARDEA_KEYRING and CARDEA_COOKIE_KEYS are needed')

  const databaseUrl = embedded?.url
  const crew = publicListener
    ? await crewOf(config, { env, publicListener, handler, databaseUrl, logger, log, cleanUp })
    : undefined
  const sealer = createSealer([...keys.keyring])
  const url = config.database.directUrl ?? config.database.url ?? embedded?.url ?? ''
  const signingKeys = await prepareDatabase({ config, database, url, sealer, logger, signal: stop.signal })
  if (!signingKeys) {
    await leave(config.http, { publicListener, opsListener, crew })
    return EXIT.ok
  }

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
    workers: crew,
  })
  handlers.public = apps.publicApp.callback()
  handlers.ops = (role === 'server' ? apps.opsApp : apps.workerApp).callback()
  crew?.open()
  const doesJobs = role === 'worker' || config.worker.inServer
  const worker = doesJobs ? connectWorker(config, embedded?.url, onError) : null
  cleanUp.push(() => worker?.close())
  const background = startBackground({ database, apps, worker, logger })
  cleanUp.push(() => background.stop())
  logger.info({ issuer: config.issuer, mode: config.mode, role }, 'ready')
  if (development && role === 'server') {
    await development.welcome({ database, hasher, sealer, opsUrl: opsListener.url, dataDir: embedded?.home })
    cleanUp.push(() => development.stop())
  }

  await stop.requested
  logger.info('stopping')
  // Beside the listeners, not after them: no job is begun on time that they may use up. What it fails by is told on the way out. Whoever
  // still asks meanwhile is answered as ever, by the keys of the moment: they are followed until nobody does.
  background.stopWork().catch(() => undefined)
  const outcome = await leave(config.http, { publicListener, opsListener, crew })
  return outcome === 'clean' ? EXIT.ok : EXIT.failed
}

type Doors = { publicListener: Listener | undefined; opsListener: Listener; crew: Crew | undefined }

/**
 * Answers whom was let in, ready or not: the public first, while balancers and operators may still ask, and then those, who get what is left
 * of the same time, or a second. Resolves to how it went for the public.
 */
async function leave(
  { shutdownTimeoutMs, shutdownDelayMs }: Config['http'],
  { publicListener, opsListener, crew }: Doors,
): Promise<'clean' | 'forced'> {
  const deadline = performance.now() + shutdownTimeoutMs
  const outcome = crew
    ? await crew.stop(shutdownTimeoutMs)
    : await publicListener?.close(shutdownTimeoutMs, shutdownDelayMs)
  await opsListener.close(Math.max(1000, deadline - performance.now()))
  return outcome ?? 'clean'
}

/**
 * The workers, when there is to be more than one; undefined when this process answers the public itself. `publicListener` was the proof that
 * nobody else has the port. From here on the port is shared, and ours until a worker listens.
 */
async function crewOf(
  { workers, database, listen }: Config,
  beside: {
    env: NodeJS.ProcessEnv
    publicListener: Listener
    handler: RequestListener
    databaseUrl: string | undefined
    logger: Logger
    log: Log
    cleanUp: (() => unknown)[]
  },
): Promise<Crew | undefined> {
  const count = workerCount(workers)
  if (count === 1) return undefined
  const { env, publicListener, databaseUrl, logger, log, cleanUp } = beside
  await publicListener.close(0)
  const port = listen.port || Number(new URL(publicListener.url).port)
  const meanwhile = await listenAs('CARDEA_PORT', beside.handler, { host: listen.host, port, shared: true })
  let closing: Promise<unknown> | undefined
  const close = () => (closing ??= meanwhile.close(MEANWHILE_MS))
  cleanUp.push(close)
  const embedded = database.url === undefined ? { DATABASE_URL: databaseUrl } : {}
  const crew = startCrew({
    count,
    env: { ...env, ...embedded, CARDEA_MODE: 'production', CARDEA_PORT: String(port) },
    logger,
    sink: log.to,
    onReady: () => void close(),
  })
  cleanUp.push(() => crew.stop(MEANWHILE_MS))
  return crew
}

/** How long what was asked of the supervisor while there was no worker may take to be answered. */
const MEANWHILE_MS = 2000

/** One step of the way out must not keep the others from happening. */
async function attempt(step: () => unknown): Promise<void> {
  try {
    await step()
  } catch (error) {
    process.stderr.write(`${String(error)}\n`)
  }
}
