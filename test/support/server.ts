import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'
import { pino } from 'pino'
import { createApps } from '../../src/app.ts'
import { ensureBuiltIn } from '../../src/clients/index.ts'
import { describeProblems, parseConfig } from '../../src/config/index.ts'
import { createSealer, parseKeyring, randomSecret } from '../../src/crypto/index.ts'
import type { Sealer } from '../../src/crypto/index.ts'
import { connectDatabase } from '../../src/db/index.ts'
import type { Database } from '../../src/db/index.ts'
import { listen } from '../../src/http/index.ts'
import { ensureSigningKeys } from '../../src/oidc/index.ts'
import { createPasswordHasher } from '../../src/users/index.ts'
import type { PasswordHasher } from '../../src/users/index.ts'
import { createTestDatabase } from './database.ts'
import { send } from './http-client.ts'
import type { Answer, Ask } from './http-client.ts'
import { expectNoSecretLeft } from './issued-secrets.ts'

export type Instance = {
  port: number
  opsPort: number
  database: Database
  ask(path: string, ask?: Ask): Promise<Answer>
  /** Does the jobs of these kinds, or of all, until stopped. */
  startWorker: (only?: string[]) => () => Promise<void>
  startLogoutDelivery: (options: { everyMs: number }) => () => Promise<void>
  startMailDelivery: (options: { everyMs: number }) => () => Promise<void>
  stop(): Promise<void>
}

export type TestServer = {
  issuer: string
  databaseUrl: string
  /** Each its own pool, app and listener; one database, one issuer, one set of keys. */
  instances: Instance[]
  /** The first instance, for most tests the only one. */
  ask(path: string, ask?: Ask): Promise<Answer>
  database: Database
  sealer: Sealer
  hasher: PasswordHasher
  /** Everything that was logged, as JSON lines. */
  log: string[]
  stop(): Promise<void>
}

export type ServerOptions = {
  instances?: number
  env?: Record<string, string>
  databaseUrl?: string
  /** How often an instance looks for changed signing keys; left out, only before requests, when it has not for ten seconds. */
  keysEveryMs?: number
  /** How often an instance looks for logout notices to deliver; left out, it does not. */
  noticesEveryMs?: number
  /** How often an instance looks for mails to send; left out, it does not. */
  mailsEveryMs?: number
}

/** The real server, in this process, on free ports of 127.0.0.1 and a database of its own. */
export async function startTestServer({
  instances = 1,
  env = {},
  databaseUrl,
  keysEveryMs,
  noticesEveryMs,
  mailsEveryMs,
}: ServerOptions = {}): Promise<TestServer> {
  const own = databaseUrl === undefined ? await createTestDatabase() : undefined
  const url = databaseUrl ?? own?.url ?? ''
  const ports = await freePorts(instances)
  const issuer = env['CARDEA_ISSUER'] ?? `http://localhost:${ports[0]}`
  const settings = {
    CARDEA_MODE: 'development',
    CARDEA_ISSUER: issuer,
    CARDEA_KEYRING: randomSecret(),
    CARDEA_COOKIE_KEYS: randomSecret(),
    CARDEA_OUTBOUND_ALLOW: '127.0.0.1',
    CARDEA_RATE_LIMIT: '100000',
    DATABASE_URL: url,
    ...env,
  }
  const log: string[] = []
  const logger = pino({ level: 'info' }, { write: (line: string) => log.push(line) })
  const started: Instance[] = []
  let shared: { sealer: Sealer; hasher: PasswordHasher } | undefined
  for (const port of ports) {
    const parsed = parseConfig(settings, { defaultMode: 'development', readFile: String, parseKeyring })
    if (!parsed.ok) throw new Error(describeProblems(parsed.problems))
    const { config } = parsed
    const database = connectDatabase({
      url,
      lentByTransaction: config.database.directUrl !== undefined,
      poolMax: config.database.poolMax,
      connectTimeoutMs: config.database.statementTimeoutMs,
      statementTimeoutMs: config.database.statementTimeoutMs,
      lockTimeoutMs: config.database.statementTimeoutMs,
      idleInTransactionTimeoutMs: 10_000,
    })
    const sealer = createSealer([...(config.keys.keyring ?? [])])
    const hasher = createPasswordHasher(config.passwords)
    await ensureBuiltIn(database.prisma, { issuer: config.issuer })
    const signingKeys = await ensureSigningKeys({ database, sealer })
    const cookieKeys = config.keys.cookie ?? []
    const apps = createApps({
      config,
      database,
      hasher,
      sealer,
      signingKeys,
      cookieKeys,
      logger,
      isAccepting: () => true,
    })
    const { publicApp, opsApp } = apps
    const work = (only: string[] | undefined, everyMs: number) =>
      apps.startWorker({ ...(only ? { only } : {}), tendMs: everyMs, pollMs: 100, concurrency: 4 })
    const startMailDelivery = ({ everyMs }: { everyMs: number }) => work(['mail.send'], everyMs)
    const startLogoutDelivery = ({ everyMs }: { everyMs: number }) => {
      const stops = [work(['logout.deliver'], everyMs), apps.startWatchingQueue()]
      return async () => {
        await Promise.all(stops.map((stop) => stop()))
      }
    }
    const listener = await listen(publicApp, { host: '127.0.0.1', port })
    const ops = await listen(opsApp, { host: '127.0.0.1', port: 0 })
    const stopDelivering =
      noticesEveryMs === undefined ? undefined : startLogoutDelivery({ everyMs: noticesEveryMs })
    const stopMailing = mailsEveryMs === undefined ? undefined : startMailDelivery({ everyMs: mailsEveryMs })
    const stopWatching =
      keysEveryMs === undefined ? undefined : apps.watchSigningKeys({ everyMs: keysEveryMs })
    shared ??= { sealer, hasher }
    started.push({
      port,
      opsPort: Number(new URL(ops.url).port),
      database,
      ask: (path, ask) => send({ port, host: new URL(issuer).host }, path, ask),
      startWorker: (only) => work(only, 50),
      startLogoutDelivery,
      startMailDelivery,
      async stop() {
        await stopWatching?.()
        await stopMailing?.()
        await stopDelivering?.()
        await Promise.all([listener.close(0), ops.close(0)])
        await database.close()
      },
    })
  }
  const [first] = started
  if (!first || !shared) throw new Error('no instance was started')
  return {
    issuer,
    databaseUrl: url,
    instances: started,
    ask: (path, ask) => first.ask(path, ask),
    database: first.database,
    ...shared,
    log,
    async stop() {
      await expectNoSecretLeft({ database: first.database, log }, async () => {
        await Promise.all(started.map((instance) => instance.stop()))
        await own?.drop()
      })
    },
  }
}

/**
 * Ports of 127.0.0.1 that nobody listens on right now. Below those that the system gives to connections that are made: one of them would
 * be taken again before a process that was stopped has its successor.
 */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = []
  while (ports.length < count) {
    const port = randomInt(...FREE_TO_CHOOSE)
    if (!ports.includes(port) && (await isFree(port))) ports.push(port)
  }
  return ports
}

const FREE_TO_CHOOSE = [12_000, 32_000] as const

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
