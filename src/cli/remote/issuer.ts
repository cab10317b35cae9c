import * as client from 'openid-client'
import { isLoopback } from '../../config/index.ts'
import { Refusal } from '../refusal.ts'
import { clean } from './clean.ts'
import { reasonOf } from './send.ts'

/** Seconds for each request to the issuer: several of them fit under the lock. */
const ANSWER_SECONDS = 8

/** Reads the issuer's metadata for one client. Everything it answers is checked, ID token signatures too. */
export async function connectIssuer(
  issuer: string,
  clientId: string,
  authentication: client.ClientAuth,
): Promise<client.Configuration> {
  const url = new URL(issuer)
  if (url.protocol !== 'https:' && !isLoopback(url.hostname))
    throw new Refusal(
      'configuration',
      `The issuer ${issuer} has no https address: tokens would travel in the open.`,
    )
  const execute = [client.enableNonRepudiationChecks, ...(isLoopback(url.hostname) ? [allowPlainHttp] : [])]
  try {
    return await client.discovery(url, clientId, undefined, authentication, {
      execute,
      timeout: ANSWER_SECONDS,
    })
  } catch (error) {
    throw issuerTrouble(issuer, error)
  }
}

// The library marks this function deprecated to make people stop and think; loopback never leaves the machine.
// eslint-disable-next-line @typescript-eslint/no-deprecated
const allowPlainHttp = client.allowInsecureRequests

/** The OAuth error code in an error of the library, if the issuer sent one. */
export function oauthErrorOf(error: unknown): string | undefined {
  if (error instanceof client.ResponseBodyError || error instanceof client.AuthorizationResponseError)
    return error.error
  // A client that is not known as whom it says (RFC 6749 section 5.2).
  if (error instanceof client.WWWAuthenticateChallengeError) {
    const { error: code } = error.cause[0]?.parameters ?? {}
    return code ?? 'invalid_client'
  }
  return undefined
}

/** What went wrong at the issuer, as a Refusal: not reached, refused, or not believed. */
export function issuerTrouble(issuer: string, error: unknown): Refusal {
  if (error instanceof Refusal) return error
  const options = { cause: error }
  if (error instanceof client.ResponseBodyError && error.status >= 500)
    return new Refusal('unavailable', `${issuer} answers ${error.status}: try again in a moment.`, options)
  const code = oauthErrorOf(error)
  if (code !== undefined) {
    const { error_description: why } = error as { error_description?: string }
    const words = why === undefined ? code : `${code}, ${why}`
    return new Refusal('not_signed_in', `${issuer} refuses: ${clean(words)}.`, options)
  }
  if (error instanceof client.ClientError && isAnswer(error))
    return new Refusal(
      'failed',
      `The answer of ${issuer} cannot be trusted: ${clean(error.message)}.`,
      options,
    )
  return new Refusal('unavailable', `${issuer} cannot be reached: ${clean(reasonOf(error))}.`, options)
}

// There was an answer and it failed a check; the others never got one.
function isAnswer({ code }: client.ClientError): boolean {
  return code !== undefined && !/TIMEOUT|ABORT|HTTP_REQUEST|RESPONSE_IS_NOT_CONFORM/.test(code)
}
