import type { JWK } from 'jose'
import type { Logger } from 'pino'
import type { Apps } from '../app.ts'
import { checkpointSigner } from '../audit/index.ts'
import type { Sealer } from '../crypto/index.ts'
import type { Database } from '../db/index.ts'
import { startSealing, startWatchingBlocks } from '../jobs/index.ts'
import { watchSigningKeys } from '../oidc/index.ts'
import { tellTrouble } from '../wiring/index.ts'

type Deps = {
  database: Database
  sealer: Sealer
  signingKeys: JWK[]
  apps: Omit<Apps, 'publicApp' | 'opsApp' | 'workerApp'>
  /** The database of the queue's worker; null where this process leaves jobs to others. */
  worker: Database | null
  logger: Logger
}

/**
 * Everything that goes on beside the requests: in every process following changed signing keys and telling the metrics; in those that work
 * also the jobs of the queue, and sealing the audit. Any number of processes may do it at once. Returns how to stop all of it.
 */
export function startBackground({
  database,
  sealer,
  signingKeys,
  apps,
  worker,
  logger,
}: Deps): () => Promise<void> {
  const failed = (what: string) => (error: unknown) => tellTrouble(logger, error, `${what} failed`)
  let keys = signingKeys
  const stops = [
    watchSigningKeys({ database, sealer }, signingKeys, {
      onChange(changed) {
        keys = changed
        apps.useSigningKeys(changed)
        logger.info({ kids: changed.map(({ kid }) => kid) }, 'the signing keys changed')
      },
      onError: failed('looking for changed signing keys'),
    }),
    startWatchingBlocks(database, {
      onCount: apps.observeBlocks,
      onError: failed('watching blocks'),
    }),
    apps.startWatchingQueue(),
    apps.startWatchingStorage(),
  ]
  if (worker)
    stops.push(
      apps.startWorker({ pool: worker.pool }),
      startSealing(database, {
        sign: checkpointSigner(() => keys),
        // Kept elsewhere, it shows whether the whole chain was written anew.
        onSigned: (head) => logger.info(head, 'audit chain signed'),
        onSealed: apps.onSealed,
        onError: failed('sealing the audit events'),
      }),
    )
  return async () => {
    await Promise.all(stops.map((stop) => stop()))
  }
}
