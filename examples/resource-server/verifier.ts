// Checks a JWT access token where it arrives, and whether it was revoked since. Copy this file; it needs `jose` and Node's own zlib.
import { inflateSync } from 'node:zlib'
import { createRemoteJWKSet, errors, jwtVerify } from 'jose'
import type { JWTPayload } from 'jose'

/** `invalid`: answer 401. `unavailable`: whether it is valid cannot be known right now, so answer 503; never let it pass. */
export type Verdict = { ok: true; claims: JWTPayload } | { ok: false; reason: 'invalid' | 'unavailable' }

type StatusList = { bits: number; bytes: Buffer; freshUntil: number; validUntil: number }
type Reference = { idx: number; uri: string }

const MAX_BYTES = 2 ** 20
const algorithms = ['ES256']

/** A function that judges access tokens of this issuer for this audience (RFC 9068 section 4, draft-ietf-oauth-status-list section 8.3). */
export function createVerifier({ issuer, audience }: { issuer: string; audience: string }) {
  const keys = createRemoteJWKSet(new URL(`${issuer}/jwks`), { timeoutDuration: 2500 })
  const lists = new Map<string, StatusList>()
  const fetching = new Map<string, Promise<StatusList>>()

  return async function verify(token: string): Promise<Verdict> {
    try {
      const rules = {
        issuer,
        audience,
        algorithms,
        typ: 'at+jwt',
        requiredClaims: ['exp', 'sub', 'jti', 'status'],
      }
      const { payload } = await jwtVerify(token, keys, rules)
      const { idx, uri } = (payload['status'] as { status_list: Reference }).status_list
      return isRevoked(await listAt(uri), idx)
        ? { ok: false, reason: 'invalid' }
        : { ok: true, claims: payload }
    } catch (error) {
      const isTokens =
        error instanceof errors.JOSEError &&
        /^ERR_(JWT|JWS|JOSE_(ALG|NOT)|JWKS_(NO|MULTIPLE))_/.test(error.code)
      return { ok: false, reason: isTokens ? 'invalid' : 'unavailable' }
    }
  }

  /** The list, at most its `ttl` old; while it cannot be had, the last one until that expires, asking again each second. */
  async function listAt(uri: string): Promise<StatusList> {
    const last = lists.get(uri)
    if (last && Date.now() < last.freshUntil) return last
    const next = fetching.get(uri) ?? fetchList(uri).finally(() => fetching.delete(uri))
    fetching.set(uri, next)
    const list = await next.catch((cause: unknown) => {
      if (!last || last.validUntil <= Date.now()) throw new Error('no status list', { cause })
      return { ...last, freshUntil: Math.min(Date.now() + 1000, last.validUntil) }
    })
    for (const [other, { validUntil }] of lists) if (validUntil < Date.now()) lists.delete(other)
    lists.set(uri, list)
    return list
  }

  async function fetchList(uri: string): Promise<StatusList> {
    const headers = { accept: 'application/statuslist+jwt' }
    const asked = Date.now()
    const answer = await fetch(uri, { headers, redirect: 'error', signal: AbortSignal.timeout(2500) })
    if (!answer.ok || !answer.body) throw new Error(`the status list was answered with ${answer.status}`)
    const chunks: Uint8Array[] = []
    let size = 0
    for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
      if ((size += chunk.length) > MAX_BYTES) throw new Error('the status list is too large')
      chunks.push(chunk)
    }
    const rules = { subject: uri, algorithms, typ: 'statuslist+jwt', requiredClaims: ['iat', 'exp'] }
    const { payload } = await jwtVerify(Buffer.concat(chunks), keys, rules)
    const { bits, lst } = payload['status_list'] as { bits: number; lst: string }
    const bytes = inflateSync(Buffer.from(lst, 'base64url'), { maxOutputLength: MAX_BYTES })
    const validUntil = (payload.exp ?? 0) * 1000
    const freshUntil = Math.min(asked + Number(payload['ttl'] ?? 0) * 1000, validUntil)
    return { bits, bytes, freshUntil, validUntil }
  }
}

/** Section 4.1: `bits` for each token, the first in the lowest bits of the first byte; anything but zero is not valid. */
function isRevoked({ bits, bytes }: StatusList, idx: number): boolean {
  const byte = bytes[Math.floor((idx * bits) / 8)]
  if (byte === undefined) throw new Error('the status list does not have this index')
  return ((byte >> ((idx * bits) % 8)) & (2 ** bits - 1)) !== 0
}
