import { createHash } from 'node:crypto'
import type { Context } from 'koa'
import { mac, sameBytes } from '../../crypto/index.ts'
import type { Sealer } from '../../crypto/index.ts'
import type { Tx } from '../../db/index.ts'
import type { Caller } from './caller.ts'
import { canonicalJson } from './etag.ts'
import { AdminProblem } from './problem.ts'

/** An answer as it went out the first time. */
export type Answer = { status: number; headers: Record<string, string>; body?: unknown }

/** A caller's key for one request, and what the request was. */
export type Attempt = { digest: Uint8Array<ArrayBuffer>; fingerprint: Buffer }

const PURPOSE = Buffer.from('cardea/idempotency-key/v1')

/** The Idempotency-Key of a request (draft-ietf-httpapi-idempotency-key-header), or null. */
export function attemptOf(ctx: Context, caller: Caller, content: unknown): Attempt | null {
  const key = ctx.get('Idempotency-Key')
  if (key === '') return null
  if (!/^[\x21-\x7e][\x20-\x7e]{0,254}$/.test(key))
    throw new AdminProblem('malformed_request', {
      detail: 'An Idempotency-Key has 1 to 255 visible characters.',
    })
  const fingerprint = createHash('sha256')
    .update(`${ctx.method} ${ctx.url}\n${canonicalJson(content)}`)
    .digest()
  // Keyed by whose it is: nobody meets the answers of somebody else.
  const digest = new Uint8Array(Buffer.from(mac(PURPOSE, caller.key, key), 'base64url'))
  return { digest, fingerprint }
}

/**
 * Claims the key for this request, inside its transaction: whoever sends the same at the same moment, to whichever instance,
 * waits for this one to end. Returns the answer to give again, or null when this is the first. Throws 422 when the key
 * belongs to another request, 409 when the first one takes too long.
 */
export async function claim(
  tx: Tx,
  sealer: Sealer,
  { digest, fingerprint }: Attempt,
): Promise<Answer | null> {
  const claimed = await insert(tx, digest, fingerprint)
  if (claimed) return null
  const row = await tx.idempotencyKey.findUnique({ where: { digest } })
  if (!row || row.sealedAnswer === null) throw new AdminProblem('request_in_progress')
  if (!sameBytes(row.fingerprint, fingerprint)) throw new AdminProblem('idempotency_key_reused')
  return JSON.parse(sealer.open(row.sealedAnswer, contextOf(digest))) as Answer
}

/** Keeps the answer for a day, with the change itself: one that failed left nothing to repeat. */
export async function keep(tx: Tx, sealer: Sealer, { digest }: Attempt, answer: Answer): Promise<void> {
  const sealedAnswer = sealer.seal(JSON.stringify(answer), contextOf(digest))
  await tx.idempotencyKey.update({ where: { digest }, data: { sealedAnswer }, select: { digest: true } })
}

async function insert(tx: Tx, digest: Uint8Array, fingerprint: Buffer): Promise<boolean> {
  try {
    const inserted = await tx.$executeRaw`
      INSERT INTO idempotency_keys AS k (digest, fingerprint, expires_at)
      VALUES (${digest}, ${fingerprint}, now() + interval '1 day')
      ON CONFLICT (digest) DO UPDATE SET
        fingerprint = excluded.fingerprint, sealed_answer = NULL, created_at = now(), expires_at = excluded.expires_at
      WHERE k.expires_at <= now()`
    return inserted === 1
  } catch (error) {
    if (isLockTimeout(error))
      throw new AdminProblem('request_in_progress', { headers: { 'Retry-After': '1' } })
    throw error
  }
}

function isLockTimeout(error: unknown): boolean {
  return String((error as { message?: unknown }).message).includes('55P03')
}

function contextOf(digest: Uint8Array): string {
  return `idempotency_keys:${Buffer.from(digest).toString('base64url')}`
}
