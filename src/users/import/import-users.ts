import { randomUUID } from 'node:crypto'
import { recordAll } from '../../audit/index.ts'
import type { AuditEventInput, By } from '../../audit/index.ts'
import type { Sealer } from '../../crypto/index.ts'
import type { Database, Tx } from '../../db/index.ts'
import { sealContext } from '../totp.ts'
import type { ImportedUser } from './imported-user.ts'
import { timeOrderedId } from './time-ordered-id.ts'

export type ImportOutcome = { user: ImportedUser } & (
  { outcome: 'created'; id: string | null; newId: boolean } | { outcome: 'already_exists' }
)

type Options = { dryRun: boolean; /** For the audit trail. */ format: string }

/**
 * Creates a batch of users in one transaction and records each; with `dryRun` it only looks. An address that somebody has is left
 * alone, so the same import can be run again. An id that somebody has, or once had, is not given again: the user gets another.
 * Ask for a few hundred at once, each address once.
 */
export async function importUsers(
  { database, sealer }: { database: Database; sealer: Sealer },
  users: readonly ImportedUser[],
  { dryRun, format }: Options,
  by: By = {},
): Promise<ImportOutcome[]> {
  return database.transaction(async (tx) => {
    const spent = await spentIds(tx, users)
    const known = await knownAddresses(tx, users)
    const wanted = users
      .filter(({ email }) => !known.has(email))
      .map((user) => ({ user, id: user.id !== null && !spent.has(user.id) ? user.id : null }))
    const made = dryRun ? new Map<string, string | null>() : await create(tx, wanted)
    if (!dryRun) await complete({ tx, sealer }, wanted, made, { format, by })
    const ids = new Map(wanted.map(({ user, id }) => [user, id]))
    return users.map((user) => {
      const id = ids.get(user)
      if (id === undefined || (!dryRun && !made.has(user.email))) return { user, outcome: 'already_exists' }
      const newId = user.id !== null && id === null
      return { user, outcome: 'created', id: made.get(user.email) ?? null, newId }
    })
  })
}

type Wanted = readonly { user: ImportedUser; id: string | null }[]

/**
 * The ids of those who were made, by address. Who registered in between keeps their account. One parameter for all: a statement with
 * some for each row would be prepared, and kept, anew for every batch.
 */
async function create(tx: Tx, wanted: Wanted): Promise<Map<string, string | null>> {
  const rows = wanted.map(({ user, id }) => ({
    ...{ id: id ?? timeOrderedId(), email: user.email, name: user.name, locale: user.locale },
    ...{ email_verified: user.emailVerified, password_hash: user.passwordHash, disabled: user.disabled },
    must_enrol_factor: user.mustEnrolFactor,
  }))
  const made = await tx.$queryRaw<{ id: string; email: string }[]>`
    INSERT INTO users (id, email, email_verified, name, locale, password_hash, must_enrol_factor, disabled_at, created_at, updated_at)
    SELECT id, email, email_verified, name, locale, password_hash, must_enrol_factor, CASE WHEN disabled THEN now() END, now(), now()
    FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS imported
      (id uuid, email text, email_verified boolean, name text, locale text, password_hash text, must_enrol_factor boolean,
       disabled boolean)
    ON CONFLICT DO NOTHING RETURNING id::text, email`
  return new Map(made.map(({ id, email }) => [email, id]))
}

/** What hangs from a user: authenticators, and the events that tell of both. */
async function complete(
  { tx, sealer }: { tx: Tx; sealer: Sealer },
  wanted: Wanted,
  made: Map<string, string | null>,
  { format, by }: { format: string; by: By },
): Promise<void> {
  const detail = { imported: format }
  const events: AuditEventInput[] = []
  const devices: {
    id: string
    userId: string
    name: string | null
    sealedSeed: string
    confirmedAt: Date
  }[] = []
  for (const { user } of wanted) {
    const userId = made.get(user.email)
    if (userId == null) continue
    events.push({ type: 'user.created', userId, ...by, detail })
    for (const { secret, name } of user.totp) {
      const id = randomUUID()
      devices.push({
        id,
        userId,
        name,
        sealedSeed: sealer.seal(secret, sealContext(id)),
        confirmedAt: new Date(),
      })
      events.push({ type: 'factor.totp_added', userId, ...by, detail })
    }
  }
  if (devices.length > 0) await tx.totpCredential.createMany({ data: devices })
  await recordAll(tx, events)
}

async function knownAddresses(tx: Tx, users: readonly ImportedUser[]): Promise<Set<string>> {
  const rows = await tx.$queryRaw<{ email: string }[]>`
    SELECT email FROM users WHERE email = ANY(${users.map(({ email }) => email)})`
  return new Set(rows.map(({ email }) => email))
}

/** Ids that are somebody's, or were: the subject of tokens is never reassigned (OpenID Connect Core section 2). */
async function spentIds(tx: Tx, users: readonly ImportedUser[]): Promise<Set<string>> {
  const ids = users.map(({ id }) => id).filter((id) => id !== null)
  if (ids.length === 0) return new Set()
  const rows = await tx.$queryRaw<{ id: string }[]>`
    SELECT id::text FROM users WHERE id = ANY(${ids}::uuid[])
    UNION SELECT user_id FROM audit_events WHERE user_id = ANY(${ids})`
  const twice = ids.filter((id, at) => ids.indexOf(id) !== at)
  return new Set([...rows.map(({ id }) => id), ...twice])
}
