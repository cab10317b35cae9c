import type { Logger } from 'pino'
import { isStorageTrouble } from '../db/index.ts'

/** Logs what failed beside the requests: a database that is away comes back, which is a warning; what waiting cannot cure is an error. */
export function tellTrouble(logger: Logger, error: unknown, what: string): void {
  logger[isStorageTrouble(error) ? 'warn' : 'error']({ error: String(error) }, what)
}
