import type { KoaContextWithOIDC, Provider } from 'oidc-provider'
import { acrRequestOf, reachedAcr } from './acr.ts'
import type { AcrDemand, Factor, FactorTimes } from './acr.ts'

/** What a login result carries besides what the engine knows of it. */
export type LoginProofs = {
  /** When each factor was proven. */
  factors: FactorTimes
  /** When the sign-in was complete: until the request is answered, nothing gets older than that. */
  at: number
}

type SessionPayload = {
  factors?: FactorTimes | undefined
  amr?: string[] | undefined
  loginTs?: number | undefined
}

/**
 * Teaches the engine's session to keep when each factor was proven, and lets codes and ID tokens state the acr that was really
 * reached for their own request, not what the session once was.
 */
export function keepFactors(provider: Provider, table: AcrDemand['table']): void {
  const { Session } = provider as unknown as { Session: { IN_PAYLOAD: readonly string[] } }
  const kept = [...Session.IN_PAYLOAD, 'factors']
  Object.defineProperty(Session, 'IN_PAYLOAD', { get: () => kept })
  provider.on('interaction.ended', ({ oidc }) => {
    const login = oidc.result?.login as LoginProofs | undefined
    if (oidc.session && login) (oidc.session as SessionPayload).factors = login.factors
  })
  const { OIDCContext } = provider as unknown as { OIDCContext: { prototype: object } }
  Object.defineProperty(OIDCContext.prototype, 'acr', {
    configurable: true,
    get(this: KoaContextWithOIDC['oidc']) {
      const proofs = proofsOf({ oidc: this })
      return reachedAcr({ table, request: acrRequestOf(this.params ?? {}) }, proofs)
    },
  })
}

/** What the session of this request rests on, and at which moment that is to be judged. */
export function proofsOf({ oidc }: Pick<KoaContextWithOIDC, 'oidc'>): { proven: FactorTimes; now: number } {
  const login = oidc.result?.login as LoginProofs | undefined
  return {
    proven: oidc.session ? factorsOfSession(oidc.session) : {},
    now: login?.at ?? Math.floor(Date.now() / 1000),
  }
}

/** When each factor of a session was proven. A session from before this was kept has its methods, and one time for all of them. */
export function factorsOfSession({ factors, amr, loginTs }: SessionPayload): FactorTimes {
  if (factors !== undefined) return factors
  if (amr === undefined || loginTs === undefined) return {}
  const methods: Factor[] = []
  if (amr.includes('pwd')) methods.push('pwd')
  if (amr.includes('otp')) methods.push('otp')
  else if (amr.includes('mfa')) methods.push('recovery_code')
  return Object.fromEntries(methods.map((factor) => [factor, loginTs]))
}
