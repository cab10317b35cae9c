import { z } from 'zod'
import { record } from '../../audit/index.ts'
import { findClient } from '../../clients/index.ts'
import { noticesOfClient, retryNotices } from '../../oidc/index.ts'
import { onePage } from '../frame/page.ts'
import { AdminProblem } from '../frame/problem.ts'
import { route } from '../frame/route.ts'
import { idParams, instant } from '../frame/schema.ts'
import { actOnClient } from './authority.ts'

const noticeSchema = z
  .strictObject({
    notice_id: z.uuid(),
    user_id: z.uuid(),
    sid: z
      .string()
      .nullable()
      .meta({ description: "The app's name for the session; null: all of the user's there." }),
    revocation_id: z.uuid().nullable().meta({ description: 'The receipt that it belongs to.' }),
    state: z.enum(['queued', 'delivered', 'failed']),
    attempts: z.int(),
    created_at: instant,
    next_attempt_at: instant.nullable().meta({ description: 'null unless it is queued.' }),
    delivered_at: instant.nullable(),
    error: z.string().nullable().meta({ description: 'What went wrong the last time, in a word.' }),
  })
  .meta({ id: 'ClientLogoutNotice' })

export const logoutNotices = route({
  method: 'GET',
  path: '/clients/:id/logout-notices',
  operationId: 'listLogoutNotices',
  tag: 'Clients',
  summary: 'List the back-channel logouts of a client',
  description: 'The newest first; what came of each is kept for thirty days.',
  scope: 'clients:read',
  params: idParams,
  query: z.strictObject({ state: z.enum(['queued', 'delivered', 'failed']).optional() }),
  paged: true,
  success: {
    status: 200,
    description: 'One page of notices',
    schema: z.array(noticeSchema),
    example: [
      {
        notice_id: '019aa0f4-7d3b-7c1e-8f2a-5b6c7d8e9f01',
        user_id: '019aa0f4-1111-7c1e-8f2a-5b6c7d8e9f01',
        sid: 'hE2lTb1Yh0',
        revocation_id: null,
        state: 'failed',
        attempts: 14,
        created_at: '2026-11-21T09:30:00.000Z',
        next_attempt_at: null,
        delivered_at: null,
        error: 'timeout',
      },
    ],
  },
  problems: ['not_found'],
  async handler({ db, params: { id }, query: { state }, page: { after, limit } }) {
    if (!(await findClient(db, id))) throw new AdminProblem('not_found')
    const found = await noticesOfClient(db, { clientId: id, state, before: after, limit: limit + 1 })
    const { rows, next } = onePage(found, limit, (notice) => notice.id)
    const body = rows.map((notice) => ({
      ...{
        notice_id: notice.id,
        user_id: notice.userId,
        sid: notice.sid,
        revocation_id: notice.revocationId,
      },
      ...{ state: notice.state, attempts: notice.attempts, created_at: notice.createdAt.toISOString() },
      next_attempt_at: notice.state === 'queued' ? notice.nextAttemptAt.toISOString() : null,
      delivered_at: notice.deliveredAt?.toISOString() ?? null,
      error: notice.lastError,
    }))
    return { body, next }
  },
})

export const retryLogoutNotices = route({
  method: 'POST',
  path: '/clients/:id/logout-notices/retry',
  operationId: 'retryLogoutNotices',
  tag: 'Clients',
  summary: 'Tell a client again what it could not be told',
  description:
    'Every notice that was given up is tried again at once, as if its session ended now. Asking again is safe: apps end what has ended already.',
  scope: 'clients:write',
  params: idParams,
  success: {
    status: 200,
    description: 'How many will be sent',
    schema: z.strictObject({ queued: z.int() }),
    example: { queued: 3 },
  },
  problems: ['not_found', 'built_in', 'target_holds_more'],
  async handler(call) {
    const { db, actor, ip } = call
    const { id } = await actOnClient(call, { touchesPower: false })
    const queued = await retryNotices(db, id)
    await record(db, { type: 'client.logouts_retried', clientId: id, actor, ip, detail: { queued } })
    return { body: { queued } }
  },
})
