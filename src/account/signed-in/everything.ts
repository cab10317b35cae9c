import { listEvents } from '../../audit/index.ts'
import type { ListedEvent } from '../../audit/index.ts'
import { listConsentReceipts, newestGrants, newestSessions } from '../../oidc/index.ts'
import { listFactors, listTrustedBrowsers } from '../../users/index.ts'
import type { AccountDeps } from '../deps.ts'
import { isByOperator } from './event-words.ts'
import type { Visitor } from './visitor.ts'

const MOST = 1000
const MOST_EVENTS = 10_000

/**
 * Everything that is kept about somebody, for themselves: no hash, no seed, no key, no code, no digest. Of sessions, grants,
 * receipts and events the newest so many, and whether there are more.
 */
export async function everythingAbout(
  deps: AccountDeps,
  { user }: Visitor,
): Promise<Record<string, unknown>> {
  const { database } = deps
  const db = database.prisma
  const userId = user.id
  const { seeded: _seeded, ...account } = user
  const [factors, browsers, sessions, grants, receipts, apps] = await Promise.all([
    listFactors(db, userId),
    listTrustedBrowsers(db, { userId }),
    newestSessions(db, { userId, limit: MOST + 1 }),
    newestGrants(db, { userId, limit: MOST + 1 }),
    listConsentReceipts(db, { userId, limit: MOST + 1 }),
    deps.oidc.listConnectedApps(db, { userId, language: 'en' }),
  ])
  const activity = await eventsOf(deps, userId)
  return {
    exported_at: new Date().toISOString(),
    issuer: deps.issuer,
    account,
    factors,
    known_browsers: browsers.map(({ current: _current, ...browser }) => browser),
    sessions: sessions.slice(0, MOST),
    sessions_has_more: sessions.length > MOST,
    grants: grants.slice(0, MOST),
    grants_has_more: grants.length > MOST,
    connected_apps: apps,
    consent_receipts: receipts.slice(0, MOST),
    consent_receipts_has_more: receipts.length > MOST,
    activity: activity.events.map((event) => asTheirs(event, userId)),
    activity_has_more: activity.hasMore,
  }
}

/** An event as far as it is about them: of an operator who did it, no more than that it was one. */
function asTheirs({ chain: _chain, ...event }: ListedEvent, userId: string): Partial<ListedEvent> {
  const { actor, ip: _ip, request_id: _request, ...about } = event
  return actor && isByOperator(event, userId) ? { ...about, actor: { via: actor.via } } : event
}

async function eventsOf({ database }: AccountDeps, userId: string) {
  const events = []
  let after: string | undefined
  while (events.length < MOST_EVENTS) {
    const page = await listEvents(database, { userId, order: 'newest', limit: 500, after })
    events.push(...page.events)
    if (page.next === null) return { events, hasMore: false }
    after = page.next
  }
  return { events, hasMore: true }
}
