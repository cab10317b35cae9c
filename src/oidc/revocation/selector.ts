import { decodeJwt } from 'jose'
import { Prisma } from '../../db/index.ts'
import type { Tx } from '../../db/index.ts'
import { idDigest, isReadable } from '../store/rows.ts'

/** Whose access ends. `issuedBefore` leaves what goes back to a later instant than that. */
export type Selector =
  | { userId: string; clientId?: string; issuedBefore?: Date }
  | { clientId: string; issuedBefore?: Date }
  | { everything: true; issuedBefore?: Date }
  | { sessionUid: string; keepOffline?: boolean }
  | { grantId: string }
  /** One bearer secret, by its digest: with everything under its grant, or alone if it hangs from none. */
  | { token: Buffer }
  /** Every JWT access token signed with this key. */
  | { signingKey: string }

/** A selector as it is kept in the receipt and shown. */
export type SelectorRecord = {
  user_id?: string
  client_id?: string
  session_id?: string
  grant_id?: string
  token?: string
  signing_key?: string
  everything?: true
  issued_before?: string
  /** Grants that ended at once, whose many tokens are cleared away later. */
  remaining_grants?: string[]
}

/**
 * The rows a selector covers, as conditions on the aliases g (grants), t (tokens that do not end with a grant), s (sessions),
 * i (interactions).
 */
export type Covered = {
  grants: Prisma.Sql | null
  tokens: Prisma.Sql | null
  sessions: Prisma.Sql | null
  interactions: Prisma.Sql | null
}

const { sql } = Prisma
const all = sql`TRUE`
const nothing: Covered = { grants: null, tokens: null, sessions: null, interactions: null }

export function recordOf(selector: Selector): SelectorRecord {
  if ('sessionUid' in selector) return { session_id: selector.sessionUid }
  if ('grantId' in selector) return { grant_id: selector.grantId }
  if ('token' in selector) return { token: handleOf(selector.token) }
  if ('signingKey' in selector) return { signing_key: selector.signingKey }
  const { issuedBefore } = selector
  return {
    ...('everything' in selector ? { everything: true } : {}),
    ...('userId' in selector ? { user_id: selector.userId } : {}),
    ...('clientId' in selector ? { client_id: selector.clientId } : {}),
    ...(issuedBefore ? { issued_before: issuedBefore.toISOString() } : {}),
  }
}

/** The cutting selector that a record tells of. */
export function selectorOf({ user_id: userId, client_id: clientId, everything }: SelectorRecord): Selector {
  if (userId !== undefined) return clientId === undefined ? { userId } : { userId, clientId }
  if (clientId !== undefined) return { clientId }
  if (everything) return { everything }
  throw new TypeError('this selector sets no cut')
}

/** What a token is called where its value must not appear. */
export function handleOf(digest: Uint8Array): string {
  return `tok_${Buffer.from(digest).toString('base64url')}`
}

/** The digest behind a handle; null when it is none. */
export function digestOfHandle(handle: string): Buffer | null {
  return /^tok_[A-Za-z0-9_-]{43}$/.test(handle) ? Buffer.from(handle.slice(4), 'base64url') : null
}

/**
 * The rows covered by a record. `until` bounds them by what they go back to: for selectors that cut, this is the cut. Those that
 * name a session, a grant or a token name their grants in `grantIds`.
 */
export function coveredBy(record: SelectorRecord, grantIds: readonly string[], until: Date | null): Covered {
  // What was kept from an earlier revocation goes back to that one, but is as old as it is.
  const isBirth = record.issued_before !== undefined
  const upTo = (alias: Prisma.Sql) => {
    if (!until) return Prisma.empty
    if (isBirth && alias.sql !== 't')
      return sql` AND LEAST(${alias}.issued_at, ${alias}.created_at) <= ${until}`
    return sql` AND ${alias}.issued_at <= ${until}`
  }
  const of = (condition: Prisma.Sql, alias: string): Prisma.Sql => sql`${condition}${upTo(Prisma.raw(alias))}`
  if (record.remaining_grants !== undefined)
    return { ...nothing, tokens: sql`t.grant_id = ANY(${record.remaining_grants})` }
  if (record.session_id !== undefined)
    return { ...nothing, grants: among(grantIds), sessions: sql`s.uid = ${record.session_id}` }
  if (record.grant_id !== undefined) return { ...nothing, grants: among(grantIds) }
  if (record.token !== undefined) {
    const digest = new Uint8Array(digestOfHandle(record.token) ?? [])
    return { ...nothing, grants: among(grantIds), tokens: withoutGrant(sql`t.digest = ${digest}`) }
  }
  if (record.signing_key !== undefined)
    return {
      ...nothing,
      tokens: sql`t.status_list IS NOT NULL AND t.payload ->> 'kid' = ${record.signing_key}`,
    }
  const { user_id: userId, client_id: clientId } = record
  if (userId !== undefined && clientId !== undefined) {
    const pair = (alias: string) =>
      of(
        sql`${Prisma.raw(alias)}.user_id = ${userId}::uuid AND ${Prisma.raw(alias)}.client_id = ${clientId}`,
        alias,
      )
    return { ...nothing, grants: pair('g'), interactions: pair('i') }
  }
  if (userId !== undefined) {
    const theirs = (alias: string) => of(sql`${Prisma.raw(alias)}.user_id = ${userId}::uuid`, alias)
    return { grants: theirs('g'), tokens: null, sessions: theirs('s'), interactions: theirs('i') }
  }
  if (clientId !== undefined) {
    const its = (alias: string) => of(sql`${Prisma.raw(alias)}.client_id = ${clientId}`, alias)
    return { grants: its('g'), tokens: withoutGrant(its('t')), sessions: null, interactions: its('i') }
  }
  if (record.everything !== true) throw new TypeError('a revocation without a selector')
  const tokens = withoutGrant(of(all, 't'))
  return { grants: of(all, 'g'), tokens, sessions: of(all, 's'), interactions: of(all, 'i') }
}

/** Of a client's own; what hangs from a grant ends with it. */
function withoutGrant(condition: Prisma.Sql): Prisma.Sql {
  return sql`t.grant_id IS NULL AND ${condition}`
}

function among(ids: readonly string[]): Prisma.Sql | null {
  return ids.length > 0 ? sql`g.id = ANY(${[...ids]})` : null
}

/** The grants that a session, grant or token selector names; locked, so that nobody changes what they are meanwhile. */
export async function namedGrants(tx: Tx, selector: Selector): Promise<string[]> {
  if ('grantId' in selector) return [selector.grantId]
  if ('token' in selector) {
    const rows = await tx.$queryRaw<{ grant_id: string | null }[]>`
      SELECT grant_id FROM tokens WHERE digest = ${new Uint8Array(selector.token)}`
    return rows.flatMap(({ grant_id: id }) => (id === null ? [] : [id]))
  }
  if (!('sessionUid' in selector)) return []
  const [session] = await tx.$queryRaw<{ payload: SessionPayload }[]>`
    SELECT payload FROM sessions WHERE uid = ${selector.sessionUid} FOR UPDATE`
  // It is over, and what was allowed offline in it is not: the tombstone says what that was.
  if (session?.payload.endedGrants && !selector.keepOffline) return session.payload.endedGrants
  const authorizations = Object.values(session?.payload.authorizations ?? {})
  // Those with offline access may outlive the session, by the user's own consent.
  const ending = authorizations.filter(({ persistsLogout }) => !(selector.keepOffline && persistsLogout))
  return ending.flatMap(({ grantId }) => (grantId === undefined ? [] : [grantId]))
}

type SessionPayload = {
  authorizations?: Record<string, { grantId?: string; persistsLogout?: boolean }>
  endedGrants?: string[]
}

/** The digest under which a token is kept: of an opaque one itself, of a JWT its `jti`. Null for what can be neither. */
export function tokenDigest(value: string): Buffer | null {
  if (!value.includes('.')) return isReadable(value) ? idDigest(value) : null
  try {
    // Not verified: it only says where to look, and there is no row for a jti that was not ours.
    const { jti } = decodeJwt(value)
    return typeof jti === 'string' ? idDigest(jti) : null
  } catch {
    return null
  }
}
