import { calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose'
import type { JWK } from 'jose'
import { record } from '../../audit/index.ts'
import type { By } from '../../audit/index.ts'
import type { Sealer } from '../../crypto/index.ts'
import type { Db, Tx } from '../../db/index.ts'

/** What we sign with: RS256 for interoperability, ES256 for JWT access tokens and for clients that choose it, EdDSA on offer. */
export const ALGORITHMS = ['RS256', 'ES256', 'EdDSA'] as const
export type SigningAlg = (typeof ALGORITHMS)[number]

export type LivingKey = { kid: string; alg: string; sealedPrivate: string; activated: boolean }

/** Whoever makes, rotates or retires keys does it alone, over all instances, until the end of the transaction. */
export async function lockKeys(tx: Tx): Promise<void> {
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(72707370)`
}

/**
 * The keys that are published now, by the database's clock: activated ones first, the newest in front, so that the first of each
 * algorithm is the one that signs; announced ones last.
 */
export async function livingKeys(db: Db): Promise<LivingKey[]> {
  return db.$queryRaw<LivingKey[]>`
    SELECT kid, alg, sealed_private AS "sealedPrivate", activate_at <= clock_timestamp() AS activated FROM signing_keys
    WHERE retired_at IS NULL AND (retire_at IS NULL OR retire_at > clock_timestamp())
    ORDER BY activated DESC, activate_at DESC, created_at DESC, kid`
}

/** The same keys by name only: all that an instance needs to know that nothing changed. */
export async function livingKids(db: Db): Promise<string> {
  const rows = await db.$queryRaw<{ kid: string }[]>`
    SELECT kid FROM signing_keys
    WHERE retired_at IS NULL AND (retire_at IS NULL OR retire_at > clock_timestamp())
    ORDER BY activate_at <= clock_timestamp() DESC, activate_at DESC, created_at DESC, kid`
  return rows.map(({ kid }) => kid).join(' ')
}

/** The private keys as the engine wants them. Throws SealBroken when the key ring is another one. */
export function openKeys(sealer: Sealer, rows: readonly LivingKey[]): JWK[] {
  return rows.map(({ kid, alg, sealedPrivate }) => ({
    ...(JSON.parse(sealer.open(sealedPrivate, contextOf(kid))) as JWK),
    ...{ kid, alg, use: 'sig' },
  }))
}

/**
 * Makes a key that signs once `activateInSeconds` have passed. Sealed at rest, bound to its kid, so that the database alone signs
 * nothing and a row cannot pass for another (KY-01).
 */
export async function makeKey(
  tx: Tx,
  sealer: Sealer,
  { alg, activateInSeconds }: { alg: SigningAlg; activateInSeconds: number },
  by: By = {},
): Promise<string> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true, modulusLength: 2048 })
  const publicJwk = await exportJWK(publicKey)
  const kid = await calculateJwkThumbprint(publicJwk)
  const sealed = sealer.seal(JSON.stringify(await exportJWK(privateKey)), contextOf(kid))
  await tx.$executeRaw`
    INSERT INTO signing_keys (kid, alg, public_jwk, sealed_private, activate_at)
    VALUES (${kid}, ${alg}, ${JSON.stringify(publicJwk)}::jsonb, ${sealed},
      clock_timestamp() + make_interval(secs => ${activateInSeconds}))`
  const detail = { kid, alg, activate_in_seconds: activateInSeconds }
  await record(tx, { type: 'signing_key.created', detail, ...by })
  return kid
}

export function contextOf(kid: string): string {
  return `signing_keys:${kid}`
}
