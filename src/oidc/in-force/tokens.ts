import { Prisma } from '../../db/index.ts'
import type { Db } from '../../db/index.ts'
import { handleOf } from '../revocation/selector.ts'
import { aroundTokens, tokenIsActive } from './conditions.ts'

const { sql } = Prisma

/** By the engine's names, those an operator knows. */
const kinds = {
  AccessToken: 'access_token',
  ClientCredentials: 'access_token',
  JwtAccessToken: 'jwt_access_token',
  RefreshToken: 'refresh_token',
  AuthorizationCode: 'authorization_code',
  DeviceCode: 'device_code',
} as const
export type TokenKind = (typeof kinds)[keyof typeof kinds]

/** A token, code or JWT, as an operator may see it: never its value. */
export type ListedToken = {
  handle: string
  kind: TokenKind
  active: boolean
  clientId: string
  /** Null for one that a client got on its own behalf. */
  userId: string | null
  grantId: string | null
  sessionId: string | null
  /** The resource server it is for; null is our own userinfo endpoint. */
  audience: string | null
  scopes: string[]
  issuedAt: Date
  expiresAt: Date | null
  /** When a code was redeemed or a refresh token rotated. */
  consumedAt: Date | null
  revokedAt: Date | null
}

type Row = Omit<ListedToken, 'handle' | 'kind' | 'scopes'> & {
  digest: Uint8Array
  kind: keyof typeof kinds
  scope: string | null
}

const columns = sql`t.digest, t.kind, ${tokenIsActive} AS active, t.client_id AS "clientId", t.user_id AS "userId",
  t.grant_id AS "grantId", t.session_uid AS "sessionId", t.audience, t.payload ->> 'scope' AS scope,
  t.issued_at AS "issuedAt", t.expires_at AS "expiresAt", t.consumed_at AS "consumedAt", t.revoked_at AS "revokedAt"`
const shown = sql`t.kind = ANY(${Object.keys(kinds)})`

/** Whose tokens: a grant's, or a user's, a client's, or those of this client for this user. */
export type TokensOf = { grantId: string } | { userId: string; clientId?: string } | { clientId: string }

/**
 * Tokens that are in force, at most `limit` after the position `after`, which the page before ended with: grant by grant, then those
 * that a client got on its own behalf. Made meanwhile or not, what is there from the first page to the last appears once.
 */
export async function listTokens(
  db: Db,
  whose: TokensOf,
  { after, limit }: { after?: string | undefined; limit: number },
): Promise<{ tokens: ListedToken[]; next: string | null }> {
  const from = after === undefined ? null : (JSON.parse(after) as Position)
  const most = limit + 1
  const rows = from?.grant === null ? [] : await underGrants(db, whose, from, most)
  if (!('grantId' in whose) && !('userId' in whose) && rows.length < most) {
    const own = from?.grant === null ? from : null
    rows.push(...(await withoutGrant(db, whose.clientId, own, most - rows.length)))
  }
  const page = rows.slice(0, limit)
  const last = page.at(-1)
  const next: Position | null =
    rows.length > limit && last ? { grant: last.grantId, digest: hex(last.digest) } : null
  return { tokens: page.map(listed), next: next && JSON.stringify(next) }
}

/** Where a page ended: the grant, null for a token without one, and the token. */
type Position = { grant: string | null; digest: string }

/** The token with this digest, in force or not, or null. */
export async function findToken(db: Db, digest: Uint8Array): Promise<ListedToken | null> {
  const [row] = await db.$queryRaw<Row[]>`
    SELECT ${columns} FROM tokens t LEFT JOIN grants g ON g.id = t.grant_id ${aroundTokens}
    WHERE t.digest = ${new Uint8Array(digest)} AND ${shown}`
  return row ? listed(row) : null
}

// One grant after the other, in the order of the index that finds them: a page costs what is on it, whatever there is in all.
function underGrants(db: Db, whose: TokensOf, from: Position | null, limit: number): Promise<Row[]> {
  const since = from
    ? sql`AND g.id >= ${from.grant} AND (g.id > ${from.grant} OR t.digest > decode(${from.digest}, 'hex'))`
    : Prisma.empty
  return db.$queryRaw<Row[]>`
    SELECT ${columns} FROM grants g JOIN tokens t ON t.grant_id = g.id ${aroundTokens}
    WHERE ${grantsOf(whose)} AND ${shown} ${since} AND ${tokenIsActive} ORDER BY g.id, t.digest LIMIT ${limit}`
}

function grantsOf(whose: TokensOf): Prisma.Sql {
  if ('grantId' in whose) return sql`g.id = ${whose.grantId}`
  if (!('userId' in whose)) return sql`g.client_id = ${whose.clientId}`
  const { userId, clientId } = whose
  return clientId === undefined
    ? sql`g.user_id = ${userId}::uuid`
    : sql`g.user_id = ${userId}::uuid AND g.client_id = ${clientId}`
}

function withoutGrant(db: Db, clientId: string, from: Position | null, limit: number): Promise<Row[]> {
  const since = from ? sql`AND t.digest > decode(${from.digest}, 'hex')` : Prisma.empty
  return db.$queryRaw<Row[]>`
    SELECT ${columns} FROM tokens t LEFT JOIN grants g ON g.id = t.grant_id ${aroundTokens}
    WHERE t.client_id = ${clientId} AND t.grant_id IS NULL AND ${shown} ${since} AND ${tokenIsActive}
    ORDER BY t.digest LIMIT ${limit}`
}

function listed({ digest, kind, scope, ...row }: Row): ListedToken {
  return {
    ...row,
    handle: handleOf(digest),
    kind: kinds[kind],
    scopes: (scope ?? '').split(' ').filter(Boolean),
  }
}

function hex(digest: Uint8Array): string {
  return Buffer.from(digest).toString('hex')
}
