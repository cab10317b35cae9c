import { Provider } from 'oidc-provider'
import { digest, sameBytes } from '../crypto/index.ts'
import type { ClientThrottle } from './client-throttle.ts'
import { engineConfiguration } from './configuration.ts'
import type { OidcOptions } from './options.ts'
import { answerTooLarge } from './too-large.ts'

/** The engine, configured whole. Pure construction: nothing is read or written until a request comes. */
export function createProvider(options: OidcOptions, throttle: Pick<ClientThrottle, 'check'>): Provider {
  const provider = new Provider(options.issuer, engineConfiguration(options, throttle))
  // In the place of the secret the engine holds its digest (engine-client.ts); what is presented is digested too (CA-09).
  provider.Client.prototype.compareClientSecret = function compareClientSecret(presented: string) {
    return sameBytes(digest(presented), Buffer.from(this.clientSecret ?? '', 'base64url'))
  }
  // A client gets its answer in the modes it registered, else in the query (AZ-11). For a response type that we do not have
  // the mode is not looked at: it is refused as what it is (AZ-10).
  provider.Client.prototype.responseModeAllowed = function responseModeAllowed(mode: string, type?: string) {
    const isCode = type?.split(' ').every((part) => part === 'code') === true
    return !isCode || (this.responseModes ?? ['query']).includes(mode)
  }
  answerTooLarge(provider)
  return provider
}
