import { digest } from '../crypto/index.ts'
import type { Db } from '../db/index.ts'
import { decoyPoint, decoyQuery } from './decoy.ts'
import { secretsIn } from './trusted-browsers.ts'

/** What a password attempt is made under. */
export type Circumstances = {
  /** The browser, if it is known for the user somebody claims to be. */
  browser: string | null
  /** Passwords are being tried on all users. */
  alarm: boolean
  /** The hash that the work is done with if nobody has the address: see decoy.ts. */
  decoy: string | null
}

/** One statement, the same for an address that somebody has and for one that nobody has (TH-04). */
export async function circumstancesOf(
  db: Db,
  {
    email,
    token,
    at,
    keys,
  }: { email: string | null; token: string | undefined; at: Date; keys: readonly Buffer[] },
): Promise<Circumstances> {
  const digests = secretsIn(token).map((secret) => new Uint8Array(digest(secret)))
  const [row] = await db.$queryRaw<Circumstances[]>`
    SELECT
      (SELECT b.id::text FROM trusted_browsers b JOIN users u ON u.id = b.user_id
        WHERE b.digest = ANY(${digests}::bytea[]) AND u.email = ${email ?? ''} AND b.expires_at > now()
        ORDER BY b.last_used_at DESC LIMIT 1) AS browser,
      EXISTS (SELECT 1 FROM stuffing_watch WHERE alarm_until > ${at}::timestamptz) AS alarm,
      (${decoyQuery(decoyPoint(keys, email ?? ''))}) AS decoy`
  return row ?? { browser: null, alarm: false, decoy: null }
}
