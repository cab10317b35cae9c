import { errors } from 'oidc-provider'
import { isStorageTrouble, isUniqueViolation } from '../db/index.ts'

/**
 * The store is not there, too slow or too busy. Never a protocol verdict: clients that read `invalid_grant` throw their
 * refresh token away. 503 at our own endpoints; at the authorization endpoint `temporarily_unavailable` goes to a
 * verified redirect URI (RFC 6749 section 4.1.2.1): from the engine for what could not be read, from `redirectUnavailable` for the rest.
 */
export class StorageUnavailable extends errors.CustomOIDCProviderError {
  constructor(cause: unknown) {
    super('temporarily_unavailable', 'the server is not able to answer at the moment, try again shortly')
    Object.assign(this, { status: 503, statusCode: 503, expose: true, cause })
  }
}

/** What an error of the database means to the engine: unavailable, a malformed request, or a bug. */
export function engineError(error: unknown): unknown {
  // An id or a user code that was drawn twice: nothing was written, and asked again another one is drawn.
  if (isStorageTrouble(error) || isUniqueViolation(error)) return new StorageUnavailable(error)
  if (isUnstorable(error))
    return new errors.InvalidRequest('the request contains characters that are not allowed')
  return error
}

// 22021, 22P02, 22P05: text that PostgreSQL cannot hold, such as NUL. It came from the request.
function isUnstorable(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code
  return code === '22021' || code === '22P05' || code === '22P02'
}
