import { z } from 'zod'
import { findClient, wordsFor } from '../clients/index.ts'
import type { WordsFor } from '../clients/index.ts'
import type { Db, Prisma, Tx } from '../db/index.ts'
import type { Language } from '../language/index.ts'
import { isGranted } from './consent.ts'
import type { ConsentLine, Decision } from './consent.ts'

/** Of one client at one user; older ones make room, or a client that asks at each visit would fill the table. */
const MOST_KEPT = 50

const lineSchema = z.object({
  name: z.string(),
  title: z.string(),
  description: z.string(),
  /** The API it is for, as it was called. */
  resource: z.object({ identifier: z.string(), name: z.string() }).optional(),
})

const detailSchema = z.object({
  client: z.object({
    name: z.string(),
    uri: z.string().optional(),
    policyUri: z.string().optional(),
    tosUri: z.string().optional(),
    verified: z.boolean(),
    /** When the client was registered that asked: under the id of one that is gone another may follow. */
    registeredAt: z.string().optional(),
  }),
  language: z.string(),
  granted: z.array(lineSchema),
  refused: z.array(lineSchema),
  offline: z.boolean(),
})

/** What a person decided on a consent page, in the words they read then. */
export type ConsentReceipt = z.infer<typeof detailSchema> & {
  id: string
  clientId: string
  grantId: string
  decidedAt: Date
  /** When they took it back altogether. */
  withdrawnAt: Date | null
}

/** Writes down what was decided, as it was worded; in the transaction of the decision. */
export async function keepReceipt(
  tx: Tx,
  input: {
    userId: string
    clientId: string
    grantId: string
    language: Language
    lines: readonly ConsentLine[]
    decision: Decision
  },
): Promise<void> {
  const { userId, clientId, grantId, language, lines, decision } = input
  const client = await findClient(tx, clientId)
  const resources = lines.flatMap(({ resource }) => resource ?? [])
  const words = await wordsFor(tx, language, { resources })
  const worded = (granted: boolean) =>
    lines.filter((line) => isGranted(decision, line) === granted).map((line) => lineOf(words, line))
  const detail: z.infer<typeof detailSchema> = {
    client: {
      name: client?.name ?? clientId,
      uri: client?.metadata.client_uri,
      policyUri: client?.metadata.policy_uri,
      tosUri: client?.metadata.tos_uri,
      verified: client?.verified ?? false,
      registeredAt: client?.createdAt.toISOString(),
    },
    ...{ language, granted: worded(true), refused: worded(false) },
    offline: lines.some((line) => line.name === 'offline_access' && isGranted(decision, line)),
  }
  await tx.consentReceipt.create({
    data: { userId, clientId, grantId, detail: JSON.parse(JSON.stringify(detail)) as Prisma.InputJsonObject },
    select: { id: true },
  })
  await tx.$executeRaw`
    DELETE FROM consent_receipts WHERE id IN (
      SELECT id FROM consent_receipts WHERE user_id = ${userId}::uuid AND client_id = ${clientId}
      ORDER BY id DESC OFFSET ${MOST_KEPT})`
}

/** A line in words, as the page, the receipt and the list of connected apps show it. */
export function lineOf(
  words: WordsFor,
  { kind, name, resource }: Pick<ConsentLine, 'kind' | 'name' | 'resource'>,
): z.infer<typeof lineSchema> {
  if (kind === 'resource_scope' && resource !== null)
    return {
      ...{ name, ...words.resourceScope(resource, name) },
      resource: { identifier: resource, name: words.resource(resource) },
    }
  return { name, ...(kind === 'claim' ? words.claim(name) : words.scope(name)) }
}

/**
 * The receipts of a person, of one client or of all, the newest first: those before the id `before`, at most `limit`. With `registeredAt`
 * only those of the client that was registered then, and none of an earlier one of the same id.
 */
export async function listConsentReceipts(
  db: Db,
  {
    userId,
    clientId,
    before,
    registeredAt,
    limit = MOST_KEPT,
  }: {
    userId: string
    clientId?: string | undefined
    before?: string | undefined
    registeredAt?: Date | undefined
    limit?: number
  },
): Promise<ConsentReceipt[]> {
  const rows = await db.consentReceipt.findMany({
    where: {
      userId,
      ...(clientId !== undefined && { clientId }),
      ...(before !== undefined && { id: { lt: before } }),
    },
    orderBy: { id: 'desc' },
    take: limit,
  })
  const receipts = rows.map(receiptOf)
  return registeredAt ? receipts.filter((receipt) => isReceiptOf(receipt, { registeredAt })) : receipts
}

/** A row of consent_receipts as it is stored. */
export type ReceiptRow = {
  id: string
  clientId: string
  grantId: string
  detail: unknown
  createdAt: Date
  withdrawnAt: Date | null
}

/** A stored receipt with its detail read. */
export function receiptOf({ detail, createdAt, ...row }: ReceiptRow): ConsentReceipt {
  const { id, clientId, grantId, withdrawnAt } = row
  return { ...detailSchema.parse(detail), id, clientId, grantId, decidedAt: createdAt, withdrawnAt }
}

/**
 * Is a receipt of the app that was registered then, and not of an earlier one under the same id? Those kept before it was noted tell by
 * when they were decided.
 */
export function isReceiptOf(
  { client, decidedAt }: ConsentReceipt,
  { registeredAt }: { registeredAt: Date },
): boolean {
  return client.registeredAt === undefined
    ? decidedAt >= registeredAt
    : client.registeredAt === registeredAt.toISOString()
}
