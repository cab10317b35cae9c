/**
 * One page of `limit` out of rows that were asked for with one more, and the position it ended with: null when nothing follows.
 */
export function onePage<T>(
  rows: readonly T[],
  limit: number,
  positionOf: (row: T) => string,
): { rows: T[]; next: string | null } {
  const page = rows.slice(0, limit)
  const last = page.at(-1)
  return { rows: page, next: rows.length > limit && last !== undefined ? positionOf(last) : null }
}
