import { z } from 'zod'
import { userTimeline } from '../../audit/index.ts'
import { auditEventExample, auditEventSchema } from '../audit/representation.ts'
import { route } from '../frame/route.ts'
import { idParams } from '../frame/schema.ts'
import { targetUser } from './authority.ts'

const threadSchema = z
  .strictObject({
    grant_id: z.string(),
    client_id: z.string().nullable(),
    events: z.array(auditEventSchema).meta({
      description:
        'The oldest first: the session it was given in, what was allowed, its first tokens, and what ended it.',
    }),
    truncated: z.boolean().meta({
      description: 'More than 2000 events are on this page: of this grant the oldest are left out.',
    }),
  })
  .meta({ id: 'TimelineThread' })

export const timeline = route({
  method: 'GET',
  path: '/users/:id/timeline',
  operationId: 'getUserTimeline',
  tag: 'Users',
  summary: 'Tell what happened to a user, by grant',
  description:
    'Each grant with its events from sign-in to end, the one that something happened to last first. Tokens that are refreshed are no events.',
  scope: 'audit:read',
  params: idParams,
  paged: true,
  success: {
    status: 200,
    description: 'One page of grants',
    schema: z.array(threadSchema),
    example: [
      {
        grant_id: 'vAXyQ2dD0m3yGqk8rZ5b1lJcT6fWn9sHhE4uPo7iKxM',
        client_id: 'shop',
        events: [auditEventExample],
        truncated: false,
      },
    ],
  },
  problems: ['not_found'],
  async handler(call) {
    const userId = call.params.id
    const { threads, next } = await userTimeline(call.deps.database, { userId, ...call.page })
    // What happened to somebody who was deleted is still told.
    if (threads.length === 0) await targetUser(call)
    const body = threads.map(({ grantId, clientId, events, truncated }) => ({
      ...{ grant_id: grantId, client_id: clientId, events, truncated },
    }))
    return { body, next }
  },
})
