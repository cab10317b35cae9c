import { z } from 'zod'
import { listConsentReceipts } from '../../oidc/index.ts'
import type { ConsentReceipt } from '../../oidc/index.ts'
import { onePage } from '../frame/page.ts'
import { route } from '../frame/route.ts'
import { idParams, instant } from '../frame/schema.ts'
import { targetUser } from './authority.ts'

const lineSchema = z
  .strictObject({
    name: z.string(),
    title: z.string(),
    description: z.string(),
    resource: z.strictObject({ identifier: z.string(), name: z.string() }).optional(),
  })
  .meta({ id: 'ConsentLine' })

const receiptSchema = z
  .strictObject({
    consent_id: z.uuid(),
    client_id: z.string(),
    client: z
      .strictObject({
        name: z.string(),
        uri: z.string().optional(),
        policy_uri: z.string().optional(),
        tos_uri: z.string().optional(),
        verified: z.boolean(),
      })
      .meta({ description: 'As it was shown then.' }),
    grant_id: z.string(),
    language: z.string().meta({ description: 'In which the page was read.' }),
    granted: z.array(lineSchema),
    refused: z.array(lineSchema),
    offline: z.boolean(),
    decided_at: instant,
    withdrawn_at: instant.nullable(),
  })
  .meta({ id: 'ConsentReceipt' })

function showReceipt(receipt: ConsentReceipt): z.output<typeof receiptSchema> {
  const { id, clientId, client, grantId, language, granted, refused, offline } = receipt
  const { name, uri, policyUri, tosUri, verified } = client
  return {
    ...{ consent_id: id, client_id: clientId, grant_id: grantId, language, granted, refused, offline },
    client: {
      ...{ name, verified },
      ...(uri !== undefined && { uri }),
      ...(policyUri !== undefined && { policy_uri: policyUri }),
      ...(tosUri !== undefined && { tos_uri: tosUri }),
    },
    decided_at: receipt.decidedAt.toISOString(),
    withdrawn_at: receipt.withdrawnAt?.toISOString() ?? null,
  }
}

export const consents = route({
  method: 'GET',
  path: '/users/:id/consents',
  operationId: 'listConsents',
  tag: 'Users',
  summary: 'List what a user decided on consent pages',
  description:
    'The newest first, in the words that they read then; of each client the last fifty. What is in force now is in `/v1/grants`.',
  scope: 'grants:read',
  params: idParams,
  query: z.strictObject({ client_id: z.string().min(1).max(200).optional() }),
  paged: true,
  success: {
    status: 200,
    description: 'One page of receipts',
    schema: z.array(receiptSchema),
    example: [
      {
        consent_id: '019aa0f4-7d3b-7c1e-8f2a-5b6c7d8e9f01',
        client_id: 'shop',
        client: { name: 'Shop', policy_uri: 'https://shop.example/privacy', verified: true },
        grant_id: 'vAXyQ2dD0m3yGqk8rZ5b1lJcT6fWn9sHhE4uPo7iKxM',
        language: 'en',
        granted: [{ name: 'openid', title: 'Know that it is you', description: '' }],
        refused: [{ name: 'email', title: 'Your email address', description: '' }],
        offline: false,
        decided_at: '2026-11-21T09:30:00.000Z',
        withdrawn_at: null,
      },
    ],
  },
  problems: ['not_found'],
  async handler(call) {
    const { id } = await targetUser(call)
    const { after, limit } = call.page
    const of = { userId: id, clientId: call.query.client_id }
    const found = await listConsentReceipts(call.db, { ...of, before: after, limit: limit + 1 })
    const { rows, next } = onePage(found, limit, (receipt) => receipt.id)
    return { body: rows.map(showReceipt), next }
  },
})
