/**
 * "Stop" as every read understands it. A row counts only if the instant its authority goes back to (issued_at, by the database's
 * clock) is later than the latest cut over it: the server's, its user's, its client's, and that of this client at this user.
 * What a request in flight writes goes back to what it had read, so a cut ends that too, whenever it is written.
 * GREATEST leaves out NULL; without any cut the comparison is NULL and the row counts.
 */
export function isLater(alias: string, ...cuts: string[]): string {
  return `(${alias}.issued_at > GREATEST(${cuts.join(', ')})) IS NOT FALSE`
}

/**
 * The cut over everything this server ever issued; one row that every read joins. By its key: of a table with so few changes PostgreSQL never
 * counts the rows. Taking it for two thousand, it would read all grants and all sessions for each token.
 */
export const SERVER_CUT = 'z.tokens_not_before'
export const fromServer = '(SELECT tokens_not_before FROM server_state WHERE id = 1) z'
