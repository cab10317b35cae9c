import { record } from '../../audit/index.ts'
import { createHash } from 'node:crypto'
import type { Db, Tx } from '../../db/index.ts'
import { enqueue } from '../../queue/index.ts'
import type { Image } from './image.ts'
import { LOGO_LANE, logoRound } from './round.ts'

/** A logo that this process may fetch now. */
export type DueLogo = { clientId: string; sourceUri: string; attempts: number }

/** What came of it. `error` is one of the words in docs/consent.md. */
export type LogoOutcome =
  { ok: true; body: Buffer; image: Extract<Image, { ok: true }> } | { ok: false; error: string }

/** What was fetched is looked for again after so long. */
const REFRESH_SECONDS = 7 * 86_400
/** For so long a logo that can no longer be fetched is shown on. */
const KEPT_SECONDS = 30 * 86_400
const FIRST_DELAY_SECONDS = 30
const LONGEST_DELAY_SECONDS = 86_400

/**
 * Sees to it that a client's logo is fetched, in the transaction of the change to the client. A logo from another address is not shown
 * from then on; without an address there is none. `anew`: also where it is the same address.
 */
export async function expectLogo(
  tx: Db,
  clientId: string,
  logoUri: string | undefined,
  { anew = false } = {},
): Promise<void> {
  if (logoUri === undefined) {
    await tx.clientLogo.deleteMany({ where: { clientId } })
    return
  }
  const changed = await tx.$executeRaw`
    INSERT INTO client_logos (client_id, source_uri, due_at) VALUES (${clientId}, ${logoUri}, now())
    ON CONFLICT (client_id) DO UPDATE SET source_uri = EXCLUDED.source_uri, due_at = now(), attempts = 0,
      type = NULL, body = NULL, digest = NULL, error = NULL, fetched_at = NULL
    WHERE client_logos.source_uri <> EXCLUDED.source_uri`
  if (anew)
    await tx.$executeRaw`UPDATE client_logos SET due_at = now(), attempts = 0 WHERE client_id = ${clientId}`
  if (changed > 0 || anew) await enqueue(tx, logoRound, { lane: LOGO_LANE })
}

/** Seconds until the next logo is due; null when there is none. */
export async function secondsToNextLogo(db: Db): Promise<number | null> {
  const [row] = await db.$queryRaw<{ seconds: number | null }[]>`
    SELECT extract(epoch FROM min(due_at) - now())::float8 AS seconds FROM client_logos`
  return row?.seconds ?? null
}

/** Takes the logo that has been due longest, for `leaseSeconds`: until then no other process gets it, and afterwards anyone. */
export async function claimLogo(db: Db, { leaseSeconds }: { leaseSeconds: number }): Promise<DueLogo | null> {
  const [claimed] = await db.$queryRaw<DueLogo[]>`
    UPDATE client_logos l SET attempts = l.attempts + 1, due_at = now() + ${leaseSeconds} * interval '1 second'
    FROM (SELECT client_id FROM client_logos WHERE due_at <= now() ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED) due
    WHERE l.client_id = due.client_id
    RETURNING l.client_id AS "clientId", l.source_uri AS "sourceUri", l.attempts`
  return claimed ?? null
}

/**
 * Writes down what came of it, and records it when another picture is shown from now on. Does nothing when the client has another
 * address by now, or is gone. What failed is tried again ever more rarely; a logo that was there before stays for 30 days.
 */
export async function settleLogo(tx: Tx, due: DueLogo, outcome: LogoOutcome): Promise<void> {
  const { clientId, sourceUri, attempts } = due
  const [before] = await tx.$queryRaw<{ digest: string | null; isOld: boolean }[]>`
    SELECT digest, fetched_at < now() - ${KEPT_SECONDS} * interval '1 second' AS "isOld" FROM client_logos
    WHERE client_id = ${clientId} AND source_uri = ${sourceUri} AND attempts = ${attempts} FOR UPDATE`
  if (!before) return
  const changed = (now: string | null, detail: Record<string, unknown> = {}) =>
    record(tx, {
      type: 'client.logo_changed',
      clientId,
      actor: { via: 'system' },
      detail: { source: sourceUri, digest: now, was: before.digest, ...detail },
    })
  if (outcome.ok) {
    const now = createHash('sha256').update(outcome.body).digest('base64url')
    const { type, width, height } = outcome.image
    await tx.$executeRaw`
      UPDATE client_logos SET type = ${type}, body = ${outcome.body}, digest = ${now}, error = NULL, attempts = 0,
        fetched_at = now(), due_at = now() + ${REFRESH_SECONDS} * interval '1 second' WHERE client_id = ${clientId}`
    if (now !== before.digest) await changed(now, { type, width, height, bytes: outcome.body.length })
    return
  }
  const delay = Math.min(FIRST_DELAY_SECONDS * 4 ** (attempts - 1), LONGEST_DELAY_SECONDS)
  await tx.$executeRaw`
    UPDATE client_logos SET error = ${outcome.error}, due_at = now() + ${delay} * interval '1 second'
    WHERE client_id = ${clientId}`
  if (before.digest === null || !before.isOld) return
  await tx.$executeRaw`
    UPDATE client_logos SET type = NULL, body = NULL, digest = NULL, fetched_at = NULL WHERE client_id = ${clientId}`
  await changed(null, { error: outcome.error })
}
