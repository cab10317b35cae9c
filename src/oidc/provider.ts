import { Provider } from 'oidc-provider'
import { queueLogoutNotices } from './back-channel-logout.ts'
import type { ClientThrottle } from './client-throttle.ts'
import { engineConfiguration } from './configuration.ts'
import { isSecretOf } from './engine-client.ts'
import { learnKeysOfHints } from './id-token-hint.ts'
import type { EngineOptions } from './options.ts'
import { keepFactors } from './session-factors.ts'
import { answerTooLarge } from './too-large.ts'

/** The engine, configured whole. Pure construction: nothing is read or written until a request comes. */
export function createProvider(options: EngineOptions, throttle: Pick<ClientThrottle, 'check'>): Provider {
  const provider = new Provider(options.issuer, engineConfiguration(options, throttle))
  provider.Client.prototype.compareClientSecret = function compareClientSecret(presented: string) {
    return isSecretOf(this, presented)
  }
  // A client gets its answer in the modes it registered, else in the query (AZ-11). For a response type that we do not have
  // the mode is not looked at: it is refused as what it is (AZ-10).
  provider.Client.prototype.responseModeAllowed = function responseModeAllowed(mode: string, type?: string) {
    const isCode = type?.split(' ').every((part) => part === 'code') === true
    return !isCode || (this.responseModes ?? ['query']).includes(mode)
  }
  keepFactors(provider, options.policy.acr)
  queueLogoutNotices(provider)
  learnKeysOfHints(provider, options)
  answerTooLarge(provider)
  return provider
}
