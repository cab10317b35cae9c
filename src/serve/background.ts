import type { JWK } from 'jose'
import type { Logger } from 'pino'
import { sweepAdminRoom } from '../admin/index.ts'
import type { Apps } from '../app.ts'
import { checkpointSigner } from '../audit/index.ts'
import type { Sealer } from '../crypto/index.ts'
import type { Database } from '../db/index.ts'
import {
  startKeyRotation,
  startRevocations,
  startSealing,
  startSweeping,
  startWatchingBlocks,
} from '../jobs/index.ts'
import { sweepMailRoom } from '../mail/index.ts'
import { watchSigningKeys } from '../oidc/index.ts'
import type { KeySchedule } from '../oidc/index.ts'

type Deps = {
  database: Database
  sealer: Sealer
  signingKeys: JWK[]
  apps: Omit<Apps, 'publicApp' | 'opsApp'>
  keySchedule: KeySchedule
  logger: Logger
}

/**
 * Everything that goes on beside the requests: telling relying parties, sending mails, fetching logos, clearing away what large revocations left, sealing the audit,
 * following changed signing keys, sweeping. Any number of instances may do it at once. Returns how to stop all of it.
 */
export function startBackground({
  database,
  sealer,
  signingKeys,
  apps,
  keySchedule,
  logger,
}: Deps): () => Promise<void> {
  const failed = (what: string) => (error: unknown) => {
    logger.error({ error: String(error) }, `${what} failed`)
  }
  let keys = signingKeys
  const stops = [
    apps.startLogoutDelivery(),
    apps.startMailDelivery(),
    apps.startLogos(),
    startRevocations(database, failed('clearing away after a revocation')),
    startSealing(database, {
      sign: checkpointSigner(() => keys),
      // Kept elsewhere, it shows whether the whole chain was written anew.
      onSigned: (head) => logger.info(head, 'audit chain signed'),
      onError: failed('sealing the audit events'),
    }),
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
    startKeyRotation({ database, sealer }, keySchedule, {
      onRotated: (algorithms) => logger.info({ algorithms }, 'new signing keys were announced'),
      onError: failed('rotating the signing keys'),
    }),
    startSweeping(database, failed('sweeping'), [sweepAdminRoom, sweepMailRoom]),
  ]
  return async () => {
    await Promise.all(stops.map((stop) => stop()))
  }
}
