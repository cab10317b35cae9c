import { z } from 'zod'
import { findSession, listSessions } from '../../oidc/index.ts'
import type { ListedSession } from '../../oidc/index.ts'
import { onePage } from '../frame/page.ts'
import { AdminProblem } from '../frame/problem.ts'
import { route } from '../frame/route.ts'
import type { Route } from '../frame/route.ts'
import { idParams, instant } from '../frame/schema.ts'

const sessionSchema = z
  .strictObject({
    session_id: z.string(),
    user_id: z.uuid(),
    active: z.boolean().meta({ description: 'Whether it is accepted right now.' }),
    amr: z.array(z.string()).meta({ description: 'How the user signed in (RFC 8176).' }),
    acr: z.string().nullable(),
    client_ids: z.array(z.string()).meta({ description: 'The clients that were signed in to with it.' }),
    created_at: instant,
    signed_in_at: instant.nullable(),
    last_seen_at: instant,
    expires_at: instant.nullable(),
    ended_at: instant.nullable(),
  })
  .meta({ id: 'Session' })

function showSession(session: ListedSession): z.output<typeof sessionSchema> {
  const { id, userId, active, amr, acr, clientIds } = session
  return {
    ...{ session_id: id, user_id: userId, active, amr, acr, client_ids: clientIds },
    created_at: session.createdAt.toISOString(),
    signed_in_at: session.signedInAt?.toISOString() ?? null,
    last_seen_at: session.lastSeenAt.toISOString(),
    expires_at: session.expiresAt?.toISOString() ?? null,
    ended_at: session.endedAt?.toISOString() ?? null,
  }
}

const example = {
  session_id: 'Yk1Qm8p0rV3sT5uW7xZ9a',
  user_id: '019aa0f4-7d3b-7c1e-8f2a-5b6c7d8e9f01',
  active: true,
  amr: ['pwd', 'otp', 'mfa'],
  acr: 'urn:cardea:acr:mfa',
  client_ids: ['shop'],
  created_at: '2026-11-21T09:30:00.000Z',
  signed_in_at: '2026-11-21T09:30:00.000Z',
  last_seen_at: '2026-11-21T09:42:00.000Z',
  expires_at: '2026-11-21T10:42:00.000Z',
  ended_at: null,
}

const list = route({
  method: 'GET',
  path: '/sessions',
  operationId: 'listSessions',
  tag: 'Sessions',
  summary: "List browsers' sign-ins",
  description: "Those in force, a user's or everybody's, in the order of their ids.",
  scope: 'sessions:read',
  query: z.strictObject({ user_id: z.uuid().optional() }),
  paged: true,
  success: {
    status: 200,
    description: 'One page of sessions',
    schema: z.array(sessionSchema),
    example: [example],
  },
  async handler({ db, query: { user_id: userId }, page: { after, limit } }) {
    const found = await listSessions(db, { userId, after, limit: limit + 1 })
    const { rows, next } = onePage(found, limit, ({ id }) => id)
    return { body: rows.map(showSession), next }
  },
})

const read = route({
  method: 'GET',
  path: '/sessions/:id',
  operationId: 'getSession',
  tag: 'Sessions',
  summary: 'Get a session',
  description: 'One that ended is shown, without what was in it, until it would have expired.',
  scope: 'sessions:read',
  params: idParams,
  success: { status: 200, description: 'The session', schema: sessionSchema, example },
  problems: ['not_found'],
  async handler({ db, params }) {
    const session = await findSession(db, params.id)
    if (!session) throw new AdminProblem('not_found')
    return { body: showSession(session) }
  },
})

export const sessionRoutes: readonly Route[] = [list, read]
