import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { destination, pino } from 'pino'
import type { Logger } from 'pino'
import type { Config } from '../config/index.ts'

/** JSON lines on standard output, or into a file in development, where the terminal shows the welcome instead. */
export function createLogger({ logLevel }: Config, file: string | undefined): Logger {
  const options = {
    level: logLevel,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
  }
  if (file === undefined) return pino(options, destination({ fd: 1, sync: false }))
  mkdirSync(dirname(file), { recursive: true })
  return pino(options, destination({ dest: file, sync: false, mkdir: true }))
}
