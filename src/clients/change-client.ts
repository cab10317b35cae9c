import { record } from '../audit/index.ts'
import type { By } from '../audit/index.ts'
import { randomSecret } from '../crypto/index.ts'
import type { Db, Prisma, Tx } from '../db/index.ts'
import { isClientId } from './client.ts'
import { expectLogo } from './logos/queue.ts'
import { checkMetadata } from './metadata.ts'
import type { ClientMetadata, MetadataProblem } from './metadata.ts'
import { nameProblems } from './names.ts'
import { needsSecret, secretDigest, toStored } from './stored-client.ts'
import type { StoredClient } from './stored-client.ts'

type Gone = { ok: false; reason: 'not_found' | 'built_in' }
type Invalid = { ok: false; reason: 'invalid'; problems: MetadataProblem[] }

/**
 * Changes a client by a merge patch (RFC 7396) in RFC 7591 names, with `client_name`, `first_party` and `verified`: what it does not name
 * stays, null takes a field away. The result is what is checked. Who gets another name, logo or address is verified no more, unless the
 * patch says so. A client that comes to need a secret gets one, returned
 * this once; one that needs none any more loses it. Refuses a client that is not there or Cardea's own.
 */
export async function updateClient(
  tx: Tx,
  id: string,
  patch: Record<string, unknown>,
  by: By = {},
): Promise<{ ok: true; client: StoredClient; secret: string | null } | Gone | Invalid> {
  const before = await lockClient(tx, id)
  if (!before.ok) return before
  const { client_name, first_party, verified, ...fields } = patch
  const name = client_name === undefined ? before.client.name : client_name
  const firstParty = first_party === undefined ? before.client.firstParty : first_party
  const checked = checkMetadata(merged(before.client.metadata, fields))
  const problems = [
    ...(checked.ok ? [] : checked.problems),
    ...(typeof name === 'string' ? nameProblems(name) : [problem('client_name', 'must be a text')]),
    ...(typeof firstParty === 'boolean' ? [] : [problem('first_party', 'must be true or false')]),
    ...(['boolean', 'undefined'].includes(typeof verified)
      ? []
      : [problem('verified', 'must be true or false')]),
  ]
  if (!checked.ok || problems.length > 0) return { ok: false, reason: 'invalid', problems }
  const secret = needsSecret(checked.metadata) && !before.client.hasSecret ? randomSecret() : null
  const row = await tx.client.update({
    where: { id },
    data: {
      name: (name as string).trim(),
      firstParty: firstParty === true,
      verified:
        typeof verified === 'boolean'
          ? verified
          : staysVerified(before.client, name as string, checked.metadata),
      metadata: checked.metadata as Prisma.InputJsonObject,
      ...secretColumns(checked.metadata, secret),
    },
  })
  await expectLogo(tx, id, checked.metadata.logo_uri, { anew: 'logo_uri' in patch })
  const detail = { changed: changedFields(before.client, toStored(row)) }
  await record(tx, { type: 'client.updated', clientId: id, detail, ...by })
  return { ok: true, client: toStored(row), secret }
}

/**
 * Disables a client, or enables it again. From the commit a disabled one is nobody at every door; what it holds is ended by whoever
 * composes this with the revocation. Says so and changes nothing when it is so already.
 */
export async function setClientDisabled(
  tx: Tx,
  id: string,
  disabled: boolean,
  by: By = {},
): Promise<{ ok: true; client: StoredClient } | Gone> {
  const before = await lockClient(tx, id)
  if (!before.ok || (before.client.disabledAt !== null) === disabled) return before
  const row = await tx.client.update({ where: { id }, data: { disabledAt: disabled ? new Date() : null } })
  await record(tx, { type: disabled ? 'client.disabled' : 'client.enabled', clientId: id, ...by })
  return { ok: true, client: toStored(row) }
}

/** Replaces a client's metadata. Refuses what `checkMetadata` refuses, and an id that is not there. */
export async function updateClientMetadata(
  db: Db,
  id: string,
  input: unknown,
): Promise<{ ok: true } | { ok: false; reason: 'not_found' } | Invalid> {
  const checked = checkMetadata(input)
  if (!checked.ok) return { ok: false, reason: 'invalid', problems: checked.problems }
  const { count } = await db.client.updateMany({
    where: { id },
    data: { metadata: checked.metadata as Prisma.InputJsonObject },
  })
  if (count === 0) return { ok: false, reason: 'not_found' }
  await expectLogo(db, id, checked.metadata.logo_uri)
  await record(db, { type: 'client.updated', clientId: id })
  return { ok: true }
}

/** The client as it is, held until the transaction ends, so that what is decided about it stays true. */
export async function lockClient(tx: Tx, id: string): Promise<{ ok: true; client: StoredClient } | Gone> {
  if (!isClientId(id)) return { ok: false, reason: 'not_found' }
  await tx.$queryRaw`SELECT 1 FROM clients WHERE id = ${id} FOR UPDATE`
  const row = await tx.client.findUnique({ where: { id } })
  if (!row) return { ok: false, reason: 'not_found' }
  return row.builtIn ? { ok: false, reason: 'built_in' } : { ok: true, client: toStored(row) }
}

function merged(metadata: ClientMetadata, patch: Record<string, unknown>): Record<string, unknown> {
  const entries = new Map(Object.entries(metadata as Record<string, unknown>))
  for (const [field, value] of Object.entries(patch))
    if (value === null) entries.delete(field)
    else entries.set(field, value)
  return Object.fromEntries(entries)
}

function secretColumns(metadata: ClientMetadata, secret: string | null) {
  if (!needsSecret(metadata))
    return { secretDigest: null, previousSecretDigest: null, previousSecretExpiresAt: null }
  return secret === null ? {} : { secretDigest: secretDigest(secret) }
}

/** The names of the fields that differ; the values may be long, and some are nobody's business. */
function changedFields(before: StoredClient, after: StoredClient): string[] {
  const [was, is] = [fieldsOf(before), fieldsOf(after)]
  const fields = new Set([...Object.keys(was), ...Object.keys(is)])
  return [...fields].filter((field) => JSON.stringify(was[field]) !== JSON.stringify(is[field])).sort()
}

function fieldsOf({ name, firstParty, verified, metadata }: StoredClient): Record<string, unknown> {
  return { ...metadata, client_name: name, first_party: firstParty, verified }
}

const identity = ['logo_uri', 'client_uri', 'policy_uri', 'tos_uri', 'redirect_uris'] as const

/** What an operator has looked at is what people see of an app and where it gets its answers: with another of these it is to be looked at again. */
function staysVerified(before: StoredClient, name: string, metadata: ClientMetadata): boolean {
  const isSame = (field: (typeof identity)[number]) =>
    JSON.stringify(before.metadata[field]) === JSON.stringify(metadata[field])
  return before.verified && before.name === name.trim() && identity.every(isSame)
}

function problem(field: string, message: string): MetadataProblem {
  return { field, message }
}
