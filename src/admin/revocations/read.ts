import { z } from 'zod'
import { listReceipts, readReceipt } from '../../oidc/index.ts'
import { AdminProblem } from '../frame/problem.ts'
import { route } from '../frame/route.ts'
import { idParams } from '../frame/schema.ts'
import {
  receiptExample,
  receiptSchema,
  showReceipt,
  showSummary,
  summaryExample,
  summarySchema,
} from './representation.ts'

const uuid = z.uuid()

export const readRevocation = route({
  method: 'GET',
  path: '/revocations/:id',
  operationId: 'readRevocation',
  tag: 'Revocations',
  summary: 'Read the receipt of a revocation',
  scope: 'revocations:read',
  params: idParams,
  success: { status: 200, description: 'The receipt', schema: receiptSchema, example: receiptExample },
  problems: ['not_found'],
  async handler({ db, params }) {
    const receipt = uuid.safeParse(params.id).success ? await readReceipt(db, params.id) : null
    if (!receipt) throw new AdminProblem('not_found')
    return { body: showReceipt(receipt) }
  },
})

export const listRevocations = route({
  method: 'GET',
  path: '/revocations',
  operationId: 'listRevocations',
  tag: 'Revocations',
  summary: 'List revocations, newest first',
  scope: 'revocations:read',
  paged: true,
  success: {
    status: 200,
    description: 'A page of receipts, without who has been told',
    schema: z.array(summarySchema),
    example: [summaryExample],
  },
  async handler({ db, page }) {
    const rows = await listReceipts(db, { after: page.after, limit: page.limit + 1 })
    const shown = rows.slice(0, page.limit)
    return {
      body: shown.map(showSummary),
      next: rows.length > page.limit ? (shown.at(-1)?.id ?? null) : null,
    }
  },
})
