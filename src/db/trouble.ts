/** One error of a chain, as far as it says what happened: a SQLSTATE, a Prisma code, or a code of the operating system. */
type Sign = { code: string; message: string }

// SQLSTATE classes and codes (PostgreSQL manual, appendix A) that speak of the server, never of the statement:
// connection, authorization to connect, resources, operator intervention, time limits, system errors; and 55000, a database
// that was told to accept no connections.
const SQLSTATE = /^(08...|28...|53...|58...|57P0.|57014|55P03|55000|25006|25P03|25P04|3D000|40001|40P01)$/
const PRISMA = /^(P1000|P1001|P1002|P1003|P1008|P1010|P1011|P1017|P1018|P2024|P2028|P2034|P2037)$/
const SYSTEM =
  /^(ECONN(REFUSED|RESET|ABORTED)|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|ENOTFOUND|EAI_AGAIN)$/
// The names that Prisma's driver adapter gives to the same things.
const ADAPTER =
  /^(DatabaseNotReachable|ConnectionClosed|SocketTimeout|TlsConnectionError|AuthenticationFailed|DatabaseAccessDenied|DatabaseDoesNotExist|TooManyConnections|TransactionAlreadyClosed|TransactionWriteConflict)$/
// The pg driver gives its own errors no code.
const DRIVER =
  /^(timeout exceeded when trying to connect|too many wait for a connection|Connection terminated|Query read timeout|timeout expired|Client has encountered a connection error|Client was closed|Cannot use a pool after calling end)/

/**
 * Whether the error means that the database is not there, too slow, too busy or cannot write, in any of the forms in
 * which pg, Prisma and the operating system say so: nothing has been decided about the request, and it may be sent
 * again (503). A conflict between transactions counts, once its retries are used up. False for everything that a
 * statement brought upon itself: constraint violations, bad input, bad SQL.
 */
export function isStorageTrouble(error: unknown): boolean {
  return someSign(
    error,
    ({ code, message }) =>
      [SQLSTATE, PRISMA, SYSTEM, ADAPTER].some((form) => form.test(code)) || DRIVER.test(message),
  )
}

/** Whether a unique constraint refused the row. */
export function isUniqueViolation(error: unknown): boolean {
  return someSign(error, ({ code }) => /^(23505|P2002|UniqueConstraintViolation)$/.test(code))
}

/** Whether the transaction lost to another one (serialization failure, deadlock) and would do well to run again. */
export function isRetryable(error: unknown): boolean {
  return someSign(error, ({ code }) => /^(40001|40P01|P2034|TransactionWriteConflict)$/.test(code))
}

function someSign(error: unknown, test: (sign: Sign) => boolean, depth = 0): boolean {
  if (typeof error !== 'object' || error === null || depth > 8) return false
  const { name, message, cause, errors, meta } = error as Record<string, unknown>
  // A fetch that failed speaks of somebody else's server.
  if (name === 'TypeError') return false
  const text = typeof message === 'string' ? message : ''
  const codes = ['code', 'originalCode', 'kind'].map((key) => (error as Record<string, unknown>)[key])
  if (codes.some((code) => test({ code: typeof code === 'string' ? code : '', message: text }))) return true
  const inner = [cause, ...(Array.isArray(errors) ? (errors as unknown[]) : [])]
  if (typeof meta === 'object' && meta !== null)
    inner.push((meta as Record<string, unknown>).driverAdapterError)
  return inner.some((one) => someSign(one, test, depth + 1))
}
