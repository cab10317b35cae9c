import { readFileSync } from 'node:fs'
import { createApps } from '../app.ts'
import { parseConfig } from '../config/index.ts'
import type { Config } from '../config/index.ts'
import { createSealer, parseKeyring } from '../crypto/index.ts'
import { createPasswordHasher } from '../users/index.ts'
import { connect } from './connect.ts'
import { EXIT } from './exit.ts'
import { giveWay } from './give-way.ts'
import { listenAs } from './listen-as.ts'
import { createLogger, openLog } from './logger.ts'
import { readMessage } from './messages.ts'
import type { ToSupervisor } from './messages.ts'
import { openSigningKeys } from './prepare-database.ts'
import { traceAs } from './trace-as.ts'
import { hashesAtOnce } from './worker-count.ts'

/**
 * One of several processes on the public port: requests and nothing else. The supervisor has read the same configuration, brings the
 * schema up to date, does all that goes on beside the requests, and says when to open and when to stop. Resolves with the exit code.
 */
export async function runWorker(env: NodeJS.ProcessEnv): Promise<number> {
  const parsed = parseConfig(env, {
    defaultMode: 'production',
    readFile: (path) => readFileSync(path, 'utf8'),
    parseKeyring,
  })
  if (!parsed.ok) return EXIT.config
  const { config } = parsed
  const { keyring, cookie } = config.keys
  if (!keyring || !cookie) return EXIT.config

  const supervisor = hearSupervisor()
  const log = openLog(undefined)
  const logger = createLogger(config, log)
  await giveWay()
  const stopTracing = await traceAs(config, 'public', logger)
  const database = connect(config, undefined, (error) =>
    logger.warn({ error: error.message }, 'a database connection was lost'),
  )
  const sealer = createSealer([...keyring])
  let stopWatching: (() => unknown) | undefined
  try {
    await Promise.race([supervisor.opened, supervisor.stopped])
    const signingKeys = await openSigningKeys({ database, sealer, logger, signal: supervisor.signal })
    if (!signingKeys) return EXIT.ok
    const apps = createApps({
      ...{ config, database, sealer, signingKeys, logger, cookieKeys: cookie },
      hasher: createPasswordHasher(passwordsHere(config)),
      isAccepting: () => !supervisor.signal.aborted,
    })
    supervisor.onCount(apps.counted)
    stopWatching = apps.watchSigningKeys()
    // Not before: the system would send people here.
    const answer = apps.publicApp.callback()
    const listener = await listenAs('CARDEA_PORT', (req, res) => void answer(req, res), {
      ...config.listen,
      shared: true,
    })
    supervisor.say({ type: 'ready' })
    await supervisor.stopped
    const { shutdownTimeoutMs, shutdownDelayMs } = config.http
    // Without a supervisor nobody says that we are not ready; and the next one wants the port.
    const outcome = await listener.close(shutdownTimeoutMs, supervisor.isThere() ? shutdownDelayMs : 0)
    return outcome === 'clean' ? EXIT.ok : EXIT.failed
  } finally {
    await stopWatching?.()
    await database.close()
    await stopTracing()
    await log.close()
  }
}

function passwordsHere({ passwords, workers }: Config) {
  return { ...passwords, concurrency: hashesAtOnce(passwords.concurrency, workers) }
}

/**
 * The other end of the pipe. Told to stop, by the supervisor, by a signal to all of us or to this one alone, or by the supervisor's
 * death, it stops once: what is in flight is finished.
 */
function hearSupervisor() {
  const stop = new AbortController()
  const stopped = new Promise<void>((resolve) => {
    stop.signal.addEventListener('abort', () => resolve(), { once: true })
  })
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop.abort())
  process.once('disconnect', () => stop.abort())
  const say = (message: ToSupervisor) => {
    if (process.connected) process.send?.(message)
  }
  let count: (() => Promise<object>) | undefined
  let open: () => void
  const opened = new Promise<void>((resolve) => (open = resolve))
  process.on('message', (received) => {
    const message = readMessage(received, 'supervisor')
    if (message?.type === 'open') open()
    if (message?.type === 'stop') stop.abort()
    if (message?.type === 'count')
      void count?.().then((counted) => say({ type: 'counted', question: message.question, counted }))
  })
  return {
    ...{ opened, stopped, say, signal: stop.signal },
    isThere: () => process.connected,
    /** How to answer when the supervisor asks what was counted. */
    onCount(how: () => Promise<object>) {
      count = how
    },
  }
}
