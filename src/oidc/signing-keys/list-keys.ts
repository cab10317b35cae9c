import type { JWK } from 'jose'
import type { Db } from '../../db/index.ts'

/** `announced`: published, not signing yet. `active`: signs. `retiring`: only verifies what it signed. `retired`: not published. */
export type SigningKeyState = 'announced' | 'active' | 'retiring' | 'retired'

/** A signing key without its private part. */
export type StoredSigningKey = {
  kid: string
  alg: string
  state: SigningKeyState
  publicJwk: JWK
  createdAt: Date
  /** When it signs, or began to. */
  activateAt: Date
  /** When it leaves the published keys; null while nothing replaces it. */
  retireAt: Date | null
  retiredAt: Date | null
}

/** All signing keys there ever were, newest first, by the database's clock. */
export async function listSigningKeys(db: Db): Promise<StoredSigningKey[]> {
  return db.$queryRaw<StoredSigningKey[]>`
    SELECT kid, alg, public_jwk AS "publicJwk", created_at AS "createdAt", activate_at AS "activateAt",
      retire_at AS "retireAt", retired_at AS "retiredAt",
      CASE WHEN retired_at IS NOT NULL OR retire_at <= clock_timestamp() THEN 'retired'
        WHEN activate_at > clock_timestamp() THEN 'announced'
        WHEN row_number() OVER (
          PARTITION BY alg, retired_at IS NULL AND (retire_at IS NULL OR retire_at > clock_timestamp()), activate_at <= clock_timestamp()
          ORDER BY activate_at DESC, created_at DESC, kid) = 1 THEN 'active'
        ELSE 'retiring' END AS state
    FROM signing_keys ORDER BY activate_at DESC, created_at DESC, kid`
}
