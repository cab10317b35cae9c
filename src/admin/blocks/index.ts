import { z } from 'zod'
import { record } from '../../audit/index.ts'
import { findBlock, findUser, liftBlock, listBlocks } from '../../users/index.ts'
import type { Block } from '../../users/index.ts'
import { onePage } from '../frame/page.ts'
import { AdminProblem } from '../frame/problem.ts'
import { route } from '../frame/route.ts'
import type { Route } from '../frame/route.ts'
import { idParams, instant } from '../frame/schema.ts'
import { holdsAllOf } from '../users/authority.ts'

const blockSchema = z
  .strictObject({
    block_id: z.string(),
    kind: z.string().meta({
      description:
        'What is counted: `password.account-network`, `password.account`, `password.network`, `password.browser`, `otp.user`, `client-secret` … `password.everyone` is the alarm over all users.',
    }),
    user_id: z.uuid().nullable().meta({ description: 'Null where it is about nobody who has an account.' }),
    client_id: z.string().nullable(),
    network: z.string().nullable().meta({
      description: 'The address, or an IPv6 prefix; null where attempts count wherever they come from.',
    }),
    failures: z.int().min(0),
    until: instant,
  })
  .meta({ id: 'Block' })

function showBlock({
  id,
  kind,
  userId,
  clientId,
  network,
  failures,
  until,
}: Block): z.output<typeof blockSchema> {
  return {
    ...{ block_id: id, kind, user_id: userId, client_id: clientId, network, failures },
    until: until.toISOString(),
  }
}

const list = route({
  method: 'GET',
  path: '/blocks',
  operationId: 'listBlocks',
  tag: 'Blocks',
  summary: 'List what is blocked for too many failures',
  description:
    'Oldest first; the alarm over all users, while it is on, before all others. Each ends by itself. Known browsers of a user are not stopped by what others did.',
  scope: 'users:read',
  paged: true,
  success: {
    status: 200,
    description: 'One page of blocks',
    schema: z.array(blockSchema),
    example: [
      {
        block_id: '019aa0f4-7d3b-7c1e-8f2a-5b6c7d8e9f01',
        kind: 'password.account',
        user_id: '019aa0f4-7d3b-7c1e-8f2a-5b6c7d8e9f01',
        client_id: null,
        network: null,
        failures: 100,
        until: '2026-11-21T10:30:00.000Z',
      },
    ],
  },
  async handler({ db, page: { after, limit } }) {
    const found = await listBlocks(db, { after, limit: limit + 1 })
    const { rows, next } = onePage(found, limit, ({ id }) => id)
    return { body: rows.map(showBlock), next }
  },
})

const lift = route({
  method: 'DELETE',
  path: '/blocks/:id',
  operationId: 'liftBlock',
  tag: 'Blocks',
  summary: 'Lift a block',
  description: 'Forgets the failures that led to it as well. The next ones count from zero.',
  scope: 'users:write',
  params: idParams,
  success: { status: 204, description: 'It does not block any more' },
  problems: ['not_found', 'target_holds_more'],
  async handler(call) {
    const block = await findBlock(call.db, call.params.id)
    if (!block) throw new AdminProblem('not_found')
    const { id, kind, userId, clientId, network, failures } = block
    const user = userId === null ? null : await findUser(call.db, userId)
    if (user && !holdsAllOf(call.caller.scopes, user.role)) throw new AdminProblem('target_holds_more')
    await liftBlock(call.db, id)
    await record(call.db, {
      ...{ type: 'throttle.lifted', actor: call.actor, ip: call.ip },
      userId: userId ?? undefined,
      clientId: clientId ?? undefined,
      detail: { block: id, kind, failures, ...(network === null ? {} : { network }) },
    })
    return {}
  },
})

export const blockRoutes: readonly Route[] = [list, lift]
