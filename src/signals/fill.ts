import { createHash } from 'node:crypto'
import { listEvents } from '../audit/index.ts'
import type { ListedEvent } from '../audit/index.ts'
import type { Database } from '../db/index.ts'
import { grantedScopes, sessionAsSeenBy } from '../oidc/index.ts'
import { countWaiting, hasSubjects, isForStream, MOST_WAITING, moveOn } from '../receivers/index.ts'
import type { DueStream, NewEvent, PersonIdentifier } from '../receivers/index.ts'
import { claimsFor, findUser } from '../users/index.ts'
import type { User } from '../users/index.ts'
import { EVENT, eventsDelivered } from './event-types.ts'
import { signalsOf } from './signals-of.ts'
import type { ClaimName, Signal } from './signals-of.ts'

export type FillDeps = {
  database: Database
  issuer: string
  /** The names of `acr`, weakest first. */
  levels: readonly string[]
}

const BATCH = 200

/**
 * Writes down what happened since the last time for a stream: each audit event once, in their order, whoever else does it at the same time.
 * A stream whose receiver does not take what waits gets no more: the rest stays in the audit, and nothing grows. True when there may be
 * more.
 */
export async function fillStream(deps: FillDeps, stream: DueStream): Promise<boolean> {
  const { database } = deps
  if (stream.status !== 'enabled') return false
  if ((await countWaiting(database.prisma, stream.id)) >= MOST_WAITING) return false
  const from = stream.cursor
  const page = await listEvents(database, { order: 'oldest', after: from.toString(), limit: BATCH })
  if (page.events.length === 0 || page.last === null) return false
  const batch: Batch = {
    delivered: new Set(eventsDelivered(stream.eventsRequested)),
    choosy: stream.defaultSubjects === 'NONE' || (await hasSubjects(database.prisma, stream.id)),
    users: new Map(),
  }
  const events: NewEvent[] = []
  for (const event of page.events)
    for (const signal of signalsOf(event))
      events.push(...(await eventsFor(deps, stream, { event, signal, batch })))
  const to = BigInt(page.last)
  await database.transaction((tx) => moveOn(tx, stream.id, { from, to, events }))
  return page.next !== null
}

/** What holds for all events that are looked at together. */
type Batch = {
  delivered: ReadonlySet<string>
  /** Whether the stream is not simply about everybody. */
  choosy: boolean
  /** Those who were looked up. */
  users: Map<string, Promise<User | null>>
}

type Happened = { event: ListedEvent; signal: Signal; batch: Batch }

/** A signal as this stream is told of it: nothing when it did not ask for it, does not want its subject, or may not see it. */
async function eventsFor(deps: FillDeps, stream: DueStream, happened: Happened): Promise<NewEvent[]> {
  const { event, batch } = happened
  const signal = await settleLevel(deps, happened)
  if (!signal || !batch.delivered.has(signal.type)) return []
  const db = deps.database.prisma
  const { sessionUid: uid } = signal
  const session = uid === undefined ? null : await sessionAsSeenBy(db, { uid, clientId: stream.clientId })
  const userId = signal.userId ?? session?.userId ?? undefined
  if (userId === undefined) return []
  const lookedUp = batch.users.get(userId) ?? findUser(db, userId)
  batch.users.set(userId, lookedUp)
  const user = await lookedUp
  const sessionIds = [session?.sid, uid].filter((id) => typeof id === 'string')
  const about = { userId, names: namesOf(deps.issuer, userId, user), sessionIds }
  if (
    batch.choosy &&
    !(await isForStream(db, { ...stream, defaultSubjects: stream.defaultSubjects as 'ALL' | 'NONE' }, about))
  )
    return []
  const claims = signal.claims && (await visibleClaims(db, stream, { user, names: signal.claims }))
  if (claims === null) return []
  const person = { format: 'iss_sub', iss: deps.issuer, sub: userId }
  const [sessionId] = sessionIds
  const { credential_type: credential } = signal.body
  return [
    {
      jti: digest(stream.id, event.id, signal.type, typeof credential === 'string' ? credential : ''),
      txn: digest('txn', event.request_id ?? event.id),
      type: signal.type,
      subject:
        sessionId === undefined
          ? person
          : { format: 'complex', user: person, session: { format: 'opaque', id: sessionId } },
      event: { ...signal.body, ...(claims === undefined ? {} : { claims }) },
      toe: new Date(event.at),
    },
  ]
}

/**
 * A sign-in in a session that was there is no new session: when it reached another level than the one before, that is a change of level,
 * and else nothing.
 */
async function settleLevel(
  { database, issuer, levels }: FillDeps,
  { event, signal }: Happened,
): Promise<Signal | null> {
  if (signal.type !== EVENT.sessionEstablished) return signal
  const { user_id: userId, session_id: sessionUid, id: after } = event
  const asked = { userId, sessionUid, type: 'session.started', after, limit: 1 }
  const before = (await listEvents(database, asked)).events[0]?.detail['acr']
  if (before === undefined) return signal
  const { acr: _acr, amr: _amr, ...body } = signal.body
  if (typeof before !== 'string' || signal.level === undefined || before === signal.level) return null
  const rises = levels.indexOf(signal.level) > levels.indexOf(before)
  const known = levels.includes(before) && levels.includes(signal.level)
  return {
    ...signal,
    type: EVENT.assuranceLevelChange,
    body: {
      ...{ namespace: `${issuer}/acr`, current_level: signal.level, previous_level: before },
      ...(known ? { change_direction: rises ? 'increase' : 'decrease' } : {}),
      ...{ ...body, reason_admin: { en: 'The user signed in again' } },
    },
  }
}

/** The new values of claims that the client may see in ID tokens; null when it may see none of them. */
async function visibleClaims(
  db: Database['prisma'],
  { clientId }: DueStream,
  { user, names }: { user: User | null; names: readonly ClaimName[] },
): Promise<Record<string, unknown> | null> {
  if (!user) return null
  const scopes = await grantedScopes(db, { userId: user.id, clientId })
  const visible = names.filter((name) => scopes.has(name === 'name' ? 'profile' : 'email'))
  const values = claimsFor(user)
  return visible.length === 0 ? null : Object.fromEntries(visible.map((name) => [name, values[name] ?? null]))
}

/** Every name that a stream may know them by. */
function namesOf(issuer: string, userId: string, user: User | null): PersonIdentifier[] {
  return [
    { format: 'iss_sub', iss: issuer, sub: userId },
    { format: 'opaque', id: userId },
    ...(user ? [{ format: 'email' as const, email: user.email }] : []),
  ]
}

/** The same for the same, so that what is written down twice is one thing. Tells nothing of how much else happened. */
function digest(...parts: string[]): string {
  return createHash('sha256').update(parts.join('\0')).digest('base64url').slice(0, 32)
}
