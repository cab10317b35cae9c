import { digest } from '../../crypto/index.ts'
import { AdminProblem } from './problem.ts'

/** The entity tag of a representation: the same members and values give the same tag, on every instance. */
export function etagOf(representation: unknown): string {
  return `"${digest(canonicalJson(representation)).toString('base64url').slice(0, 22)}"`
}

/**
 * Compares an If-Match header with what is there now (RFC 9110 section 13.1.1, strong comparison). Throws 412 when it names
 * another state.
 */
export function checkIfMatch(header: string, representation: unknown): void {
  if (header.trim() === '*') return
  const named = header.split(',').map((tag) => tag.trim())
  if (!named.includes(etagOf(representation))) throw new AdminProblem('precondition_failed')
}

/** JSON with the members of every object in order, so that equal values have equal text. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner) && !(inner instanceof Date)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  )
}
