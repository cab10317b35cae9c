import type { AdapterPayload } from 'oidc-provider'
import { digest } from '../../crypto/index.ts'

/** A bearer secret as it is stored: the columns it is found by, and a payload without the secret itself. */
export type TokenRow = {
  digest: Buffer
  kind: string
  grantId: string | null
  clientId: string | null
  userId: string | null
  sessionUid: string | null
  audience: string | null
  uid: string | null
  userCode: string | null
  payload: string
  expiresAt: Date | null
  /** What its authority goes back to; null is this moment, by the database's clock. */
  issuedAt: Date | null
  /** Its place in a status list, if it is a JWT. */
  status: { list: number; index: number } | null
}

export type SessionRow = {
  uid: string
  digest: Buffer
  userId: string | null
  payload: string
  expiresAt: Date | null
  issuedAt: Date | null
  /** The browser that the session is made in, for its user's own eyes. */
  browser: SessionBrowser
}

export type SessionBrowser = { userAgent: string | null; ip: string | null }
export type GrantRow = {
  id: string
  userId: string | null
  clientId: string
  payload: string
  expiresAt: Date | null
  issuedAt: Date | null
}
export type InteractionRow = {
  digest: Buffer
  clientId: string | null
  payload: string
  expiresAt: Date | null
  issuedAt: Date | null
}

/** When a row's authority began, as far as the request knows. */
type Issued = Date | null

/** The kind of row that a JWT access token has; known by its jti, which opens nothing: the engine asks for other kinds. */
export const JWT_KIND = 'JwtAccessToken'

/** SHA-256 of an id: 256 random bits need no salt, and a stolen table opens nothing. */
export const idDigest = digest

/** Whether a text from a request can be looked up at all: PostgreSQL compares no NUL, and nothing of ours is that long. */
export function isReadable(text: string): boolean {
  return text.length <= 2048 && !text.includes('\0')
}

export function tokenRow(
  kind: string,
  id: string,
  payload: AdapterPayload,
  expiresIn: number | undefined,
  issuedAt: Issued = null,
): TokenRow {
  const { jti: _jti, consumed: _consumed, ...rest } = payload as Record<string, unknown>
  return {
    digest: idDigest(id),
    kind,
    grantId: payload.grantId ?? null,
    clientId: payload.clientId ?? null,
    userId: uuidOrNull(payload.accountId),
    sessionUid: payload.sessionUid ?? null,
    audience: typeof payload['aud'] === 'string' ? payload['aud'] : null,
    uid: payload.uid ?? null,
    userCode: payload.userCode ?? null,
    payload: JSON.stringify(rest),
    expiresAt: expiry(payload, expiresIn),
    issuedAt,
    status: null,
  }
}

export function sessionRow(
  id: string,
  payload: AdapterPayload,
  expiresIn: number | undefined,
  issuedAt: Issued = null,
  browser: SessionBrowser = { userAgent: null, ip: null },
): SessionRow {
  const { jti: _jti, ...rest } = payload
  if (!payload.uid) throw new TypeError('a session without uid')
  return {
    uid: payload.uid,
    digest: idDigest(id),
    userId: uuidOrNull(payload.accountId),
    payload: JSON.stringify(rest),
    expiresAt: expiry(payload, expiresIn),
    issuedAt,
    browser,
  }
}

export function grantRow(
  id: string,
  payload: AdapterPayload,
  expiresIn: number | undefined,
  issuedAt: Issued = null,
): GrantRow {
  return {
    id,
    userId: uuidOrNull(payload.accountId),
    clientId: payload.clientId ?? '',
    payload: JSON.stringify(payload),
    expiresAt: expiry(payload, expiresIn),
    issuedAt,
  }
}

/** What stands in the stored return address for the interaction's id, which is the value of its cookie. */
const ID_IN_RETURN_TO = '{uid}'

export function interactionRow(
  id: string,
  payload: AdapterPayload,
  expiresIn: number | undefined,
  issuedAt: Issued = null,
): InteractionRow {
  const { jti: _jti, session, returnTo, ...rest } = payload
  const { cookie: _cookie, ...browser } = session ?? {}
  const stored = {
    ...rest,
    ...(session ? { session: browser } : {}),
    ...(returnTo ? { returnTo: returnTo.replace(id, ID_IN_RETURN_TO) } : {}),
  }
  return {
    digest: idDigest(id),
    clientId: typeof payload.params?.['client_id'] === 'string' ? payload.params['client_id'] : null,
    payload: JSON.stringify(stored),
    expiresAt: expiry(payload, expiresIn),
    issuedAt,
  }
}

/** The stored interaction as the engine wrote it. */
export function interactionPayload(id: string, stored: AdapterPayload): AdapterPayload {
  return {
    ...stored,
    jti: id,
    ...(stored.returnTo ? { returnTo: stored.returnTo.replace(ID_IN_RETURN_TO, id) } : {}),
  }
}

/** A stored payload as the engine wants it back; the column decides the expiry, because it is what moves. */
export function withExpiry(payload: AdapterPayload, expiresAt: Date | null): AdapterPayload {
  return expiresAt ? { ...payload, exp: Math.floor(expiresAt.getTime() / 1000) } : payload
}

function expiry(payload: AdapterPayload, expiresIn: number | undefined): Date | null {
  if (typeof payload.exp === 'number') return new Date(payload.exp * 1000)
  return expiresIn ? new Date(Date.now() + expiresIn * 1000) : null
}

function uuidOrNull(value: string | undefined): string | null {
  return value && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value) ? value : null
}
