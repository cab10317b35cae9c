import type { Logger } from 'pino'
import type { Config } from '../config/index.ts'
import { startTracing } from '../tracing/index.ts'

/** Tells the configured collector what this process does; nothing is loaded where there is none. Resolves to how to stop. */
export async function traceAs(
  { tracing }: Pick<Config, 'tracing'>,
  role: string,
  logger: Logger,
): Promise<() => Promise<void>> {
  if (tracing === null) return () => Promise.resolve()
  return startTracing({
    ...tracing,
    role,
    onTrouble: (reason) => logger.warn({ reason }, 'spans could not be delivered; they are lost'),
  })
}
