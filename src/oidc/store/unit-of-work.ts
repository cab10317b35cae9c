import type { IncomingMessage } from 'node:http'
import { isDeepStrictEqual } from 'node:util'
import type { AdapterPayload } from 'oidc-provider'
import type { SessionRow } from './rows.ts'
import type { StoredApi, StoredClient } from './client-reads.ts'
import type { StoredGrant, StoredSession, StoredToken, StoredUser } from './reads.ts'
import type { Write } from './writes.ts'

/**
 * One engine request: what it has read (served again without another trip, and forgotten with the request, so that
 * a revocation is seen by the next one) and what it wants to change (committed together when it is done).
 * Maps hold null for what was looked for and is not there.
 */
export type UnitOfWork = {
  tokens: Map<string, StoredToken | null>
  sessionsByDigest: Map<string, StoredSession | null>
  sessionsByUid: Map<string, StoredSession | null>
  grants: Map<string, StoredGrant | null>
  users: Map<string, StoredUser | null>
  clients: Map<string, StoredClient | null>
  apis: Map<string, StoredApi | null>
  prefetched: boolean
  audienceClientId: string | null
  /** A refresh token presented again inside its retry window: its successor is handed out once more. */
  retried: StoredToken | null
  /** When the authorizing client's access was last ended, for everybody or for this user: only a sign-in after it counts. */
  signInAfter: Date | null
  /** The database's time of the first read: what this request decides cannot rest on anything later. */
  readAt: Date | null
  writes: Write[]
  /** Storage failed under this request, whatever its answer says: it writes nothing. */
  failed: boolean
}

const works = new WeakMap<IncomingMessage, UnitOfWork>()

export function beginUnitOfWork(req: IncomingMessage): UnitOfWork {
  const work: UnitOfWork = {
    tokens: new Map(),
    sessionsByDigest: new Map(),
    sessionsByUid: new Map(),
    grants: new Map(),
    users: new Map(),
    clients: new Map(),
    apis: new Map(),
    prefetched: false,
    audienceClientId: null,
    retried: null,
    signInAfter: null,
    readAt: null,
    writes: [],
    failed: false,
  }
  works.set(req, work)
  return work
}

/** Only the first read counts: everything the request writes is as old as that. */
export function noteRead(work: UnitOfWork | undefined, at: Date | undefined): void {
  if (work && at) work.readAt ??= at
}

/** The unit of work of the engine request under way, if this runs inside one. */
export function unitOfWork(ctx: { req: IncomingMessage } | undefined): UnitOfWork | undefined {
  return ctx && works.get(ctx.req)
}

/** Adds a write; a later save of the same session, interaction or grant replaces the earlier one. */
export function addWrite(work: UnitOfWork, write: Write): void {
  const same = work.writes.findIndex((earlier) => replaces(write, earlier))
  if (same >= 0) work.writes.splice(same, 1)
  work.writes.push(write)
}

function replaces(write: Write, earlier: Write): boolean {
  if (write.do === 'save_session') return earlier.do === 'save_session' && earlier.row.uid === write.row.uid
  if (write.do === 'save_interaction')
    return earlier.do === 'save_interaction' && earlier.row.digest.equals(write.row.digest)
  if (write.do === 'delete_interaction')
    return earlier.do === 'save_interaction' && earlier.row.digest.equals(write.digest)
  if (write.do === 'revoke_session') return earlier.do === 'save_session' && earlier.row.uid === write.uid
  if (write.do === 'save_grant') return earlier.do === 'save_grant' && earlier.row.id === write.row.id
  if (write.do === 'revoke_grant')
    return (
      (earlier.do === 'revoke_grant' || earlier.do === 'delete_grant_tokens') &&
      earlier.grantId === write.grantId
    )
  if (write.do === 'delete_grant_tokens')
    return (
      earlier.do === 'delete_grant_tokens' && earlier.grantId === write.grantId && earlier.kind === write.kind
    )
  return false
}

const REWRITE_AFTER_MS = 60_000

/**
 * A session that did not change need not be written again within a minute, or a tenth of what is left to it where that is
 * shorter: only its idle end would move.
 */
export function needsNoWrite(
  row: SessionRow,
  known: StoredSession | null | undefined,
  sameCookie: boolean,
  now = Date.now(),
): boolean {
  const rewriteAfter = Math.min(REWRITE_AFTER_MS, ((row.expiresAt?.getTime() ?? Infinity) - now) / 10)
  if (!known || !sameCookie || now - known.updatedAt.getTime() > rewriteAfter) return false
  return isDeepStrictEqual(lasting(JSON.parse(row.payload) as AdapterPayload), lasting(known.payload))
}

function lasting({ iat: _iat, exp: _exp, ...rest }: AdapterPayload): Record<string, unknown> {
  return rest
}
