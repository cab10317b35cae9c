import { mac, sameBytes } from '../../crypto/index.ts'
import { AdminProblem } from './problem.ts'

// A list's position, sealed against changes: whoever pages can neither read meaning into it nor write their own.
const PURPOSE = 'cardea/admin/cursor/v1'

/**
 * Makes a cursor: where the next page begins, bound to the list and its filters (`context`).
 */
export function makeCursor(keys: readonly Uint8Array[], context: string, position: string): string {
  const [newest] = keys
  if (!newest) throw new Error('a cursor needs a key')
  return `${Buffer.from(position, 'utf8').toString('base64url')}.${mac(newest, PURPOSE, context, position)}`
}

/** The position in a cursor. Throws 400 unless one of the keys made it for this very list and these filters. */
export function readCursor(keys: readonly Uint8Array[], context: string, cursor: string): string {
  const position = Buffer.from(cursor.split('.')[0] ?? '', 'base64url').toString('utf8')
  const genuine = (key: Uint8Array) =>
    sameBytes(Buffer.from(makeCursor([key], context, position)), Buffer.from(cursor))
  if (!keys.some(genuine)) throw new AdminProblem('invalid_cursor')
  return position
}
