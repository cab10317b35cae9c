import { listEvents } from '../../audit/index.ts'
import { ACCOUNT_PAGES } from '../../clients/index.ts'
import { listGrants, listSessions } from '../../oidc/index.ts'
import { factorCounts } from './factor-list.ts'
import { eventViews } from './activity.ts'
import type { Show } from './frame.ts'
import { show } from './show.ts'

const MOST = 100
const SHOWN_EVENTS = 3

/** What there is about an account, at a glance. */
export const showOverview: Show = async (deps, ctx, visitor) => {
  const db = deps.database.prisma
  const { id: userId } = visitor.user
  const [factors, sessions, grants, { events }] = await Promise.all([
    factorCounts(db, userId),
    listSessions(db, { userId, limit: MOST }),
    listGrants(db, { userId, limit: MOST }),
    listEvents(deps.database, { userId, order: 'newest', limit: MOST }),
  ])
  const apps = new Set(grants.map(({ clientId }) => clientId).filter((id) => id !== ACCOUNT_PAGES))
  const lastEvents = await eventViews(deps, ctx, events, { userId: visitor.user.id, most: SHOWN_EVENTS })
  show(deps, ctx, visitor, 'account/overview', {
    ...{ factors, sessions: sessions.length, apps: apps.size, lastEvents },
  })
}
