/**
 * Where a JWT access token stands in the status lists. Tokens that expire in the same ten minutes share a bucket, so that its lists
 * vanish with their tokens; each bucket numbers its tokens, and every 2^20 numbers fill one list.
 */
export type Place = { bucket: number; number: number }

export const BUCKET_SECONDS = 600
/** Every list has all its bits from the start: how many tokens there are cannot be told from it, and no verifier holds one too short. */
export const LIST_SIZE = 2 ** 20
/** Verifiers tolerate some difference between the clocks. */
const GRACE_SECONDS = 60

/** The bucket of tokens that expire at `exp` (Unix time). */
export function bucketOf(exp: number): number {
  return Math.floor(exp / BUCKET_SECONDS)
}

/** Has the last token of this bucket expired? `now` is Unix time. */
export function isOver(bucket: number, now: number): boolean {
  return (bucket + 1) * BUCKET_SECONDS + GRACE_SECONDS <= now
}

/** The address of the list a token is in, and its index there (draft-ietf-oauth-status-list section 6.2). */
export function referenceTo(issuer: string, { bucket, number }: Place): { idx: number; uri: string } {
  const shard = Math.floor(number / LIST_SIZE)
  return { idx: number % LIST_SIZE, uri: uriOf(issuer, `${bucket}-${shard}`) }
}

export function uriOf(issuer: string, list: string): string {
  return `${issuer}/status-lists/${list}`
}

/** The bucket a list belongs to and the first of its numbers; null for what cannot be the name of a list. */
export function parseListName(name: string): Place | null {
  const match = /^(0|[1-9]\d{0,8})-(0|[1-9]\d{0,2})$/.exec(name)
  return match ? { bucket: Number(match[1]), number: Number(match[2]) * LIST_SIZE } : null
}
