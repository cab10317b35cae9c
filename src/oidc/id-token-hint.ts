import { decodeProtectedHeader } from 'jose'
import type { Provider } from 'oidc-provider'
import type { EngineOptions } from './options.ts'

/**
 * Has an ID token that comes back as a hint checked by the key it names, also when another instance has signed it with one that this
 * process has not seen yet (FT-24). A key learned by that is the newest engine's.
 */
export function learnKeysOfHints(
  { IdToken }: Pick<Provider, 'IdToken'>,
  { keys, newest }: Pick<EngineOptions, 'keys' | 'newest'>,
): void {
  const validate = IdToken.validate.bind(IdToken)
  IdToken.validate = async function validateHint(hint, client) {
    const kid = kidOf(hint)
    if (kid !== null) await keys.learn(kid)
    const { IdToken: current } = newest()
    return current === IdToken ? validate(hint, client) : current.validate(hint, client)
  }
}

/** The key that a JWT names; null when it names none, or is none. */
export function kidOf(jwt: string): string | null {
  try {
    return decodeProtectedHeader(jwt).kid ?? null
  } catch {
    return null
  }
}
