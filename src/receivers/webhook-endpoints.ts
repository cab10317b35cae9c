import { randomUUID } from 'node:crypto'
import type { Sealer } from '../crypto/index.ts'
import type { Db, Prisma, Tx } from '../db/index.ts'
import { newWebhookSecret } from './webhook-secret.ts'
import type { WebhookSecret } from './webhook-secret.ts'

export type WebhookEndpoint = {
  id: string
  url: string
  description: string
  eventTypes: string[]
  /** `paused`: nothing could be delivered for days; it waits for an operator. Events are kept for it as long as the audit keeps them. */
  state: 'active' | 'failing' | 'paused' | 'disabled'
  failingSince: Date | null
  nextAttemptAt: Date
  /** When secrets that were replaced stop being good. */
  secretsUntil: (string | null)[]
  createdAt: Date
  updatedAt: Date
}

type Row = Prisma.WebhookEndpointGetPayload<object>

/** With the rotated secret good for so long beside the new one, a receiver can be moved without a gap. */
export const MOST_OVERLAP_SECONDS = 7 * 86_400

/**
 * Registers an endpoint. It is told of what happens from now on: `from` is the id of the last audit event that it is not told of. The secret is returned
 * this once.
 */
export async function createWebhookEndpoint(
  { tx, sealer }: { tx: Tx; sealer: Sealer },
  input: { url: string; description?: string | undefined; eventTypes: readonly string[]; from: string },
): Promise<{ endpoint: WebhookEndpoint; secret: string }> {
  const id = randomUUID()
  const secret = newWebhookSecret()
  const row = await tx.webhookEndpoint.create({
    data: {
      ...{ id, url: input.url, description: input.description ?? '', eventTypes: [...input.eventTypes] },
      sealedSecrets: seal(sealer, id, [{ secret, expiresAt: null }]),
      cursor: BigInt(input.from),
    },
  })
  return { endpoint: toEndpoint(sealer, row), secret }
}

/** The last event that is final: whoever is registered now is told of what comes behind it. */
export async function placeNow(db: Db): Promise<string> {
  const [row] = await db.$queryRaw<{ settled: string }[]>`SELECT settled::text FROM audit_chain WHERE id = 1`
  return row?.settled ?? '0'
}

/** Keeps others from changing it until the transaction ends. False when there is none. */
export async function lockWebhookEndpoint(tx: Tx, id: string): Promise<boolean> {
  const rows = await tx.$queryRaw<unknown[]>`
    SELECT id::text FROM webhook_endpoints WHERE id::text = ${id} FOR UPDATE`
  return rows.length > 0
}

export async function findWebhookEndpoint(
  { db, sealer }: { db: Db; sealer: Sealer },
  id: string,
): Promise<WebhookEndpoint | null> {
  // What is no id is the id of nothing.
  if (!isUuid(id)) return null
  const row = await db.webhookEndpoint.findUnique({ where: { id } })
  return row && toEndpoint(sealer, row)
}

/** All endpoints, in the order of their ids: those after `after`, at most `limit`. */
export async function listWebhookEndpoints(
  { db, sealer }: { db: Db; sealer: Sealer },
  { after, limit }: { after?: string | undefined; limit: number },
): Promise<WebhookEndpoint[]> {
  const where = after === undefined ? {} : { id: { gt: after } }
  const rows = await db.webhookEndpoint.findMany({ where, orderBy: { id: 'asc' }, take: limit })
  return rows.map((row) => toEndpoint(sealer, row))
}

export type WebhookPatch = {
  url?: string | undefined
  description?: string | undefined
  eventTypes?: readonly string[] | undefined
  disabled?: boolean | undefined
  /** Goes on at once, whatever failed before, also when it was disabled. */
  resume?: true | undefined
}

/**
 * Changes an endpoint; null when there is none. What happened while it was disabled it is told once it is enabled, as far as the audit still
 * has it; with `skipTo`, the id of the last event that it is not told of, it misses what came before.
 */
export async function updateWebhookEndpoint(
  { tx, sealer }: { tx: Tx; sealer: Sealer },
  id: string,
  { patch, skipTo }: { patch: WebhookPatch; skipTo?: string | undefined },
): Promise<WebhookEndpoint | null> {
  const before = await tx.webhookEndpoint.findUnique({ where: { id } })
  if (!before) return null
  // Also when it is disabled: what had failed by then is not why it is.
  const afresh =
    patch.disabled === true ||
    (before.disabledAt !== null && patch.disabled === false) ||
    patch.resume === true ||
    (patch.url !== undefined && patch.url !== before.url)
  const disabled = patch.resume === true ? false : patch.disabled
  const row = await tx.webhookEndpoint.update({
    where: { id },
    data: {
      ...(patch.url === undefined ? {} : { url: patch.url }),
      ...(patch.description === undefined ? {} : { description: patch.description }),
      ...(patch.eventTypes === undefined ? {} : { eventTypes: [...patch.eventTypes] }),
      ...(disabled === undefined ? {} : { disabledAt: disabled ? (before.disabledAt ?? new Date()) : null }),
      ...(skipTo === undefined || BigInt(skipTo) < before.cursor ? {} : { cursor: BigInt(skipTo) }),
      ...(afresh ? { failingSince: null, failures: 0, pausedAt: null, nextAttemptAt: new Date(0) } : {}),
    },
  })
  return toEndpoint(sealer, row)
}

export async function deleteWebhookEndpoint(tx: Tx, id: string): Promise<boolean> {
  const { count } = await tx.webhookEndpoint.deleteMany({ where: { id } })
  return count > 0
}

/** A new secret, told this once; the ones before stay good beside it for so many seconds. Null when there is no such endpoint. */
export async function rotateWebhookSecret(
  { tx, sealer }: { tx: Tx; sealer: Sealer },
  { id, overlapSeconds, now = new Date() }: { id: string; overlapSeconds: number; now?: Date },
): Promise<string | null> {
  const [row] = await tx.$queryRaw<{ sealed: string }[]>`
    SELECT sealed_secrets AS sealed FROM webhook_endpoints WHERE id = ${id}::uuid FOR UPDATE`
  if (!row) return null
  const secret = newWebhookSecret()
  const end = new Date(now.getTime() + overlapSeconds * 1000).toISOString()
  const older = secretsOf(sealer, { id, sealedSecrets: row.sealed })
    .map((one): WebhookSecret => ({
      ...one,
      expiresAt: one.expiresAt === null || one.expiresAt > end ? end : one.expiresAt,
    }))
    .filter(({ expiresAt }) => expiresAt !== null && new Date(expiresAt) > now)
  await tx.webhookEndpoint.update({
    where: { id },
    data: { sealedSecrets: seal(sealer, id, [{ secret, expiresAt: null }, ...older.slice(0, 4)]) },
  })
  return secret
}

/** The secrets of an endpoint, newest first, for signing. */
export function secretsOf(
  sealer: Sealer,
  { id, sealedSecrets }: { id: string; sealedSecrets: string },
): WebhookSecret[] {
  return JSON.parse(sealer.open(sealedSecrets, contextOf(id))) as WebhookSecret[]
}

function isUuid(text: string): boolean {
  return /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/.test(text)
}

function seal(sealer: Sealer, id: string, secrets: readonly WebhookSecret[]): string {
  return sealer.seal(JSON.stringify(secrets), contextOf(id))
}

function contextOf(id: string): string {
  return `webhook_endpoints:${id}`
}

function toEndpoint(sealer: Sealer, row: Row): WebhookEndpoint {
  const { sealedSecrets: _sealed, cursor: _cursor, disabledAt, pausedAt, failures: _failures, ...rest } = row
  const state = disabledAt ? 'disabled' : pausedAt ? 'paused' : row.failingSince ? 'failing' : 'active'
  return { ...rest, state, secretsUntil: secretsOf(sealer, row).map(({ expiresAt }) => expiresAt) }
}
