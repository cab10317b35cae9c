import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { destination, pino } from 'pino'
import type { Logger, LoggerOptions } from 'pino'
import type { Config } from '../config/index.ts'
import { textWithoutSecrets, withoutSecrets } from './without-secrets.ts'

/** Where log lines go. Writing never waits for the reader. */
export type Log = {
  to: ReturnType<typeof destination>
  /** Gives the reader a second for what is left. One that does not read keeps no process from ending (FT-27). */
  close(): Promise<void>
}

/** What is kept for a reader that does not read; beyond it, lines are dropped and counted. */
const KEPT_BYTES = 16 * 1024 * 1024
const LAST_WORDS_MS = 1000

/** Standard output, or a file in development, where the terminal shows the welcome instead. */
export function openLog(file: string | undefined): Log {
  if (file !== undefined) mkdirSync(dirname(file), { recursive: true })
  // Naming it makes Node set a pipe to non-blocking: a write to a full one is then refused, and not an end that never comes.
  else process.stdout.on('error', () => undefined)
  let patient = true
  const to = destination({
    ...(file === undefined ? { fd: 1 } : { dest: file, mkdir: true }),
    ...{ sync: false, maxLength: KEPT_BYTES, retryEAGAIN: () => patient },
  })
  return {
    to,
    async close() {
      const waiting = new AbortController()
      const late = sleep(LAST_WORDS_MS, 'late', { signal: waiting.signal }).catch(() => undefined)
      const written = new Promise((resolve) => to.once('close', resolve))
      to.end()
      // Whoever still has something to say is heard by nobody, and not punished for it.
      to.write = () => true
      const outcome = await Promise.race([written, late])
      waiting.abort()
      if (outcome !== 'late') return
      patient = false
      to.on('error', () => undefined)
      to.destroy()
    },
  }
}

/** Sentences too, and an error that stands alone, whose message would become the line's. */
const sayWithoutSecrets: NonNullable<NonNullable<LoggerOptions['hooks']>['logMethod']> = function (
  args,
  method,
) {
  const [first, ...others] = args as unknown[]
  const fields = first instanceof Error ? [{ error: first }, 'an error'] : [first]
  const said = [...fields, ...others].map((one) => (typeof one === 'string' ? textWithoutSecrets(one) : one))
  method.apply(this, said as typeof args)
}

/** JSON lines. Once a reader that had fallen behind reads again, it is told how many lines it has missed. */
export function createLogger({ logLevel }: Pick<Config, 'logLevel'>, { to }: Log): Logger {
  const options = {
    level: logLevel,
    base: null,
    formatters: { log: withoutSecrets },
    hooks: { logMethod: sayWithoutSecrets },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
  }
  const logger = pino(options, to)
  let dropped = 0
  to.on('drop', () => (dropped += 1))
  to.on('drain', () => {
    if (dropped === 0) return
    const lines = dropped
    dropped = 0
    logger.warn({ lines }, 'log lines were dropped: nobody read them')
  })
  return logger
}
