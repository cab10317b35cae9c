import { z } from 'zod'
import type { EventFilter } from '../../audit/index.ts'
import { instant } from '../frame/schema.ts'

/** Ids and types are of these characters, and nothing else can be found. */
const text = z
  .string()
  .min(1)
  .max(400)
  .regex(/^[\x21-\x7e]+$/, 'must be visible ASCII characters')
  .optional()

/** What both routes filter by. */
export const filterQuery = z.strictObject({
  user_id: text.meta({ description: 'Whom it is about.' }),
  client_id: text.meta({ description: 'Which client it is about.' }),
  grant_id: text,
  session_id: text,
  actor_user_id: text.meta({ description: 'Who did it.' }),
  actor_client_id: text.meta({ description: 'Through which client it was done.' }),
  type: text,
  type_prefix: text.meta({ description: 'The beginning of the type: `sign_in.` for all about signing in.' }),
  from: instant.optional().meta({ description: 'Not before this time.' }),
  to: instant.optional().meta({ description: 'Before this time.' }),
  after_id: z
    .string()
    .regex(/^\d{1,18}$/, 'must be the id of an event')
    .optional()
    .meta({
      description:
        'Only events with a greater id. To follow, ask for `order=oldest` and the last id you have.',
    }),
})

export function filterOf(query: z.output<typeof filterQuery>): EventFilter {
  return {
    userId: query.user_id,
    clientId: query.client_id,
    grantId: query.grant_id,
    sessionUid: query.session_id,
    actorUserId: query.actor_user_id,
    actorClientId: query.actor_client_id,
    type: query.type,
    typePrefix: query.type_prefix,
    from: query.from === undefined ? undefined : new Date(query.from),
    to: query.to === undefined ? undefined : new Date(query.to),
    afterId: query.after_id,
  }
}
