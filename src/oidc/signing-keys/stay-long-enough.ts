import { Prisma } from '../../db/index.ts'
import type { Db, Tx } from '../../db/index.ts'
import { ID_TOKEN } from '../lifetimes.ts'

const { sql } = Prisma

/** What an instance signs with the old key while it has not yet noticed the new one; after that it must have looked (follow-keys.ts). */
export const MARGIN_SECONDS = 60

/**
 * SQL: how long a key stays published after the next one signs. As long as anything lives that it can have signed: a JWT access token of
 * whichever API, as they are now, or whatever else lives up to `signedSeconds` (OpenID Connect Core section 10.1.1).
 */
export function staysFor(signedSeconds: number): Prisma.Sql {
  return sql`make_interval(secs => GREATEST(${Math.max(signedSeconds, ID_TOKEN)}::int,
    (SELECT max(access_token_ttl) FROM resource_servers WHERE access_token_format = 'jwt')) + ${MARGIN_SECONDS}::int)`
}

/** Keys that are to leave before what they sign has ended: tokens were made to live longer after their end had been planned. */
function tooShort(signedSeconds: number): Prisma.Sql {
  return sql`
    SELECT old.kid, min(next.activate_at) + ${staysFor(signedSeconds)} AS ends FROM signing_keys old
    JOIN signing_keys next ON next.alg = old.alg AND next.activate_at > old.activate_at
      AND (next.retired_at IS NULL OR next.retired_at > next.activate_at)
    WHERE old.retired_at IS NULL AND old.retire_at IS NOT NULL
    GROUP BY old.kid, old.retire_at HAVING min(next.activate_at) + ${staysFor(signedSeconds)} > old.retire_at`
}

/** Whether any key is to leave too early. */
export async function leavesTooEarly(db: Db, signedSeconds: number): Promise<boolean> {
  const rows = await db.$queryRaw<unknown[]>(sql`${tooShort(signedSeconds)} LIMIT 1`)
  return rows.length > 0
}

/** Puts the end of such keys off, never forward (KY-03). */
export async function stayLongEnough(tx: Tx, signedSeconds: number): Promise<void> {
  await tx.$executeRaw(sql`
    UPDATE signing_keys SET retire_at = late.ends FROM (${tooShort(signedSeconds)}) AS late
    WHERE late.kid = signing_keys.kid`)
}
