import type { Context } from 'koa'
import { listEvents } from '../../audit/index.ts'
import type { ListedEvent } from '../../audit/index.ts'
import { findClient } from '../../clients/index.ts'
import type { EventView } from '../../http/index.ts'
import { text } from '../../language/index.ts'
import type { Text } from '../../language/index.ts'
import { findSession } from '../../oidc/index.ts'
import type { AccountDeps } from '../deps.ts'
import { isByOperator, isTold, wordsForEvent } from './event-words.ts'
import type { Show } from './frame.ts'
import { withoutPressedTwice } from './pressed-twice.ts'
import { deviceView } from './sessions.ts'
import { show } from './show.ts'

const PAGE = 50

/** What happened around the account lately, in plain words: what the person did, what others tried, what apps got. */
export const showActivity: Show = async (deps, ctx, visitor) => {
  const { before } = ctx.query
  const after = typeof before === 'string' && /^\d{1,18}$/.test(before) ? before : undefined
  const { events, next } = await listEvents(deps.database, {
    ...{ userId: visitor.user.id, order: 'newest', after, limit: PAGE },
  })
  show(deps, ctx, visitor, 'account/activity', {
    events: await eventViews(deps, ctx, events, { userId: visitor.user.id, most: PAGE }),
    olderUri: next === null ? null : `/account/activity?before=${next}`,
  })
}

/** The first events worth showing, in words. What is only a part of another (a password that was right) is left out. */
export async function eventViews(
  deps: AccountDeps,
  ctx: Context,
  events: readonly ListedEvent[],
  { userId, most }: { userId: string; most: number },
): Promise<EventView[]> {
  const db = deps.database.prisma
  const names = new Map<string, string>()
  const browsers = new Map<string, string | null>()
  const shown = withoutPressedTwice(events).filter(isTold).slice(0, most)
  for (const { client_id: clientId, session_id: sessionUid } of shown) {
    if (clientId !== undefined && !names.has(clientId))
      names.set(clientId, (await findClient(db, clientId))?.name ?? clientId)
    if (sessionUid !== undefined && !browsers.has(sessionUid))
      browsers.set(sessionUid, (await findSession(db, sessionUid))?.userAgent ?? null)
  }
  return shown.map((event) => {
    const app = event.client_id === undefined ? '' : (names.get(event.client_id) ?? '')
    const userAgent = event.session_id === undefined ? null : (browsers.get(event.session_id) ?? null)
    return {
      at: new Date(event.at),
      ...wordsForEvent(event, app),
      by: byWords(event),
      device: deviceView(deps, ctx, {
        userAgent,
        ip: isByOperator(event, userId) ? null : (event.ip ?? null),
      }),
      known: userAgent !== null,
    }
  })
}

function byWords({ actor }: ListedEvent): Text | undefined {
  if (actor?.via === 'admin_api' || actor?.via === 'cli') return text('account:self.event.byOperator')
  if (actor?.via === 'security_tool' || actor?.via === 'system') return text('account:self.event.bySystem')
  return undefined
}
