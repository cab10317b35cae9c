import { listEvents } from '../../audit/index.ts'
import { ACCOUNT_PAGES } from '../../clients/index.ts'
import { countSessions, grantedClients } from '../../oidc/index.ts'
import { factorCounts } from './factor-list.ts'
import { eventViews } from './activity.ts'
import type { Show } from './frame.ts'
import { show } from './show.ts'

const MOST_EVENTS = 100
const SHOWN_EVENTS = 3

/** What there is about an account, at a glance. */
export const showOverview: Show = async (deps, ctx, visitor) => {
  const db = deps.database.prisma
  const { id: userId } = visitor.user
  const [factors, sessions, clients, { events }] = await Promise.all([
    factorCounts(db, userId),
    countSessions(db, userId),
    grantedClients(db, userId),
    listEvents(deps.database, { userId, order: 'newest', limit: MOST_EVENTS }),
  ])
  const apps = clients.filter((id) => id !== ACCOUNT_PAGES)
  const lastEvents = await eventViews(deps, ctx, events, { userId: visitor.user.id, most: SHOWN_EVENTS })
  show(deps, ctx, visitor, 'account/overview', {
    ...{ factors, sessions, apps: apps.length, lastEvents },
  })
}
