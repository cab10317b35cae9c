import type { Logger } from 'pino'
import type { Apps } from '../app.ts'
import { checkpointSigner } from '../audit/index.ts'
import type { Database } from '../db/index.ts'
import { startSealing, startWatchingBlocks } from '../jobs/index.ts'
import { tellTrouble } from '../wiring/index.ts'

type Deps = {
  database: Database
  apps: Omit<Apps, 'publicApp' | 'opsApp' | 'workerApp'>
  /** The database of the queue's worker; null where this process leaves jobs to others. */
  worker: Database | null
  logger: Logger
}

export type Background = {
  /** Begins no job any more and seals no more, and resolves when those under way are done. Requests are served as before. */
  stopWork(): Promise<void>
  /** Ends that and everything else: for when nobody asks for anything any more. */
  stop(): Promise<void>
}

/**
 * Everything that goes on beside the requests: in every process following changed signing keys and telling the metrics; in those that work
 * also the jobs of the queue, and sealing the audit. Any number of processes may do it at once.
 */
export function startBackground({ database, apps, worker, logger }: Deps): Background {
  const failed = (what: string) => (error: unknown) => tellTrouble(logger, error, `${what} failed`)
  const beside = [
    apps.watchSigningKeys(),
    startWatchingBlocks(database, {
      onCount: apps.observeBlocks,
      onError: failed('watching blocks'),
    }),
    apps.startWatchingQueue(),
    apps.startWatchingStorage(),
  ]
  const work = worker
    ? [
        apps.startWorker({ pool: worker.pool }),
        startSealing(database, {
          signer: async () => checkpointSigner(await apps.keysToSign()),
          // Kept elsewhere, it shows whether the whole chain was written anew.
          onSigned: (head) => logger.info(head, 'audit chain signed'),
          onSealed: apps.onSealed,
          onError: failed('sealing the audit events'),
        }),
      ]
    : []
  const ended = (stops: (() => Promise<void>)[]) => Promise.all(stops.map((stop) => stop()))
  let working: Promise<unknown> | undefined
  const stopWork = async () => {
    await (working ??= ended(work))
  }
  return {
    stopWork,
    async stop() {
      await Promise.all([stopWork(), ended(beside)])
    },
  }
}
