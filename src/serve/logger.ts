import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { destination, pino } from 'pino'
import type { Logger } from 'pino'
import type { Config } from '../config/index.ts'

/** Where log lines go. Writing never waits for the reader. */
export type LogDestination = ReturnType<typeof destination>

/** What is kept for a reader that does not read; beyond it, lines are dropped and counted (FT-27). */
const KEPT_BYTES = 16 * 1024 * 1024

/** Standard output, or a file in development, where the terminal shows the welcome instead. */
export function openLog(file: string | undefined): LogDestination {
  if (file === undefined) return destination({ fd: 1, sync: false, maxLength: KEPT_BYTES })
  mkdirSync(dirname(file), { recursive: true })
  return destination({ dest: file, sync: false, mkdir: true })
}

/** JSON lines. Once a reader that had fallen behind reads again, it is told how many lines it has missed. */
export function createLogger({ logLevel }: Pick<Config, 'logLevel'>, log: LogDestination): Logger {
  const options = {
    level: logLevel,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
  }
  const logger = pino(options, log)
  let dropped = 0
  log.on('drop', () => (dropped += 1))
  log.on('drain', () => {
    if (dropped === 0) return
    const lines = dropped
    dropped = 0
    logger.warn({ lines }, 'log lines were dropped: nobody read them')
  })
  return logger
}
