import type { Db } from '../db/index.ts'
import type { ConnectedApp } from './connected-apps.ts'
import { receiptOf } from './receipts.ts'
import type { ConsentReceipt, ReceiptRow } from './receipts.ts'

/**
 * The last receipt of each app that a person once allowed something and that has nothing of theirs now: they withdrew it, or it is
 * gone. The newest first, those before the receipt `before`, at most `limit`. `connected` are the apps that still have something;
 * under the id of one may lie the receipts of an earlier app, which is another.
 */
export async function listFormerApps(
  db: Db,
  input: {
    userId: string
    connected: readonly Pick<ConnectedApp, 'clientId' | 'registeredAt'>[]
    before?: string | undefined
    limit: number
  },
): Promise<ConsentReceipt[]> {
  const { userId, connected, before = null, limit } = input
  const rows = await db.$queryRaw<ReceiptRow[]>`
    WITH newest AS (
      SELECT DISTINCT ON (client_id, detail #>> '{client,registeredAt}')
        id, client_id, grant_id, detail, created_at, withdrawn_at, detail #>> '{client,registeredAt}' AS registered_at
      FROM consent_receipts WHERE user_id = ${userId}::uuid
      ORDER BY client_id, detail #>> '{client,registeredAt}', id DESC
    )
    SELECT id::text, client_id AS "clientId", grant_id AS "grantId", detail, created_at AS "createdAt", withdrawn_at AS "withdrawnAt"
    FROM newest n
    WHERE (${before}::uuid IS NULL OR n.id < ${before}::uuid) AND NOT EXISTS (
      SELECT 1 FROM jsonb_to_recordset(${JSON.stringify(connected)}::jsonb) AS c ("clientId" text, "registeredAt" text)
      WHERE c."clientId" = n.client_id
        AND COALESCE(n.registered_at = c."registeredAt", n.created_at >= c."registeredAt"::timestamptz))
    ORDER BY n.id DESC LIMIT ${limit}`
  return rows.map(receiptOf)
}
