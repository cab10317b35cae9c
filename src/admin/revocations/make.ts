import { z } from 'zod'
import { previewRevocation, readReceipt, revoke } from '../../oidc/index.ts'
import type { Keep, Selector } from '../../oidc/index.ts'
import { countsSchema } from '../frame/receipt.ts'
import type { Call } from '../frame/route.ts'
import { requireMayEnd } from './authority.ts'
import { receiptExample, receiptSchema, showReceipt } from './representation.ts'

/** What every revocation may say besides what it covers. */
export const how = {
  reason: z.string().min(1).max(500).meta({ description: 'Why; kept in the receipt and the audit.' }),
  dry_run: z.boolean().default(false).meta({ description: 'Count what would end, and end nothing.' }),
  keep: z
    .array(z.enum(['self']))
    .max(1)
    .default([])
    .meta({ description: '`self` spares the sign-in or token of the caller.' }),
  notify: z.boolean().default(true).meta({ description: 'Tell relying parties by back-channel logout.' }),
}

export const howSchema = z.strictObject(how).meta({ id: 'Revoke' })

const previewSchema = z
  .strictObject({
    dry_run: z.literal(true),
    counts: countsSchema,
    at_least: z.boolean().meta({ description: 'Counting stopped at 10,000 of a kind.' }),
  })
  .meta({ id: 'RevocationPreview' })

/** The receipt, or what a dry run found. */
export const success = {
  status: 200 as const,
  description: 'The receipt: from now on every door refuses. Or what a dry run found.',
  schema: z.union([receiptSchema, previewSchema]),
  example: receiptExample,
}

type How = z.output<typeof howSchema>

/** Revokes, or looks what that would do, if the caller may; the one handler behind every revoking route. */
export async function make(call: Call<unknown, unknown, How>, selector: Selector) {
  const { reason, dry_run: dryRun, notify } = call.body
  await requireMayEnd(call, selector)
  if (dryRun) {
    const preview = await previewRevocation(call.db, selector)
    return { body: { dry_run: true as const, counts: preview.counts, at_least: preview.atLeast } }
  }
  const { actor, ip } = call
  const { id } = await revoke(call.db, selector, { reason, actor, ip, notify, keep: keepOf(call) })
  const receipt = await readReceipt(call.db, id)
  if (!receipt) throw new Error('a revocation without its receipt')
  return { body: showReceipt(receipt), headers: { 'Content-Location': `/v1/revocations/${id}` } }
}

function keepOf({ body, caller }: Call<unknown, unknown, How>): Keep {
  if (!body.keep.includes('self')) return {}
  const { sessionUid, grantId, digest } = caller.bearer
  return { sessionUid, grantId, token: digest }
}
