import type { Middleware } from 'koa'
import { errors } from 'oidc-provider'
import type { KoaContextWithOIDC } from 'oidc-provider'
import { RateLimiterMemory } from 'rate-limiter-flexible'

/** This many failed authentications of one client from one address in a minute; then that pair waits (CA-05). */
const FAILURES = 50
const WINDOW_SECONDS = 60

const routes = new Set(['token', 'introspection', 'revocation', 'device_authorization'])

class TooManyFailures extends errors.CustomOIDCProviderError {
  constructor() {
    super('temporarily_unavailable', 'too many failed authentications of this client, try again later')
    Object.assign(this, { status: 429, statusCode: 429, expose: true })
  }
}

export type ClientThrottle = {
  middleware: Middleware
  check(ctx: KoaContextWithOIDC | undefined, clientId: string): void
}

/**
 * Slows guessing at client secrets, per client and address, so that nobody can shut a client out by failing in its name from
 * elsewhere. In memory: a secret has 256 bits, so this protects the processor, not the secret (OAuth 2.1 section 2.4.1).
 */
export function createClientThrottle(): ClientThrottle {
  const failures = new RateLimiterMemory({ points: FAILURES, duration: WINDOW_SECONDS })
  const blockedUntil = new Map<string, number>()

  return {
    check(ctx, clientId) {
      if (!ctx || blockedUntil.size === 0 || !routes.has(ctx.oidc.route)) return
      const until = blockedUntil.get(keyOf(ctx, clientId))
      if (until !== undefined && until > Date.now()) throw new TooManyFailures()
    },
    async middleware(ctx, next) {
      await next()
      if (ctx.status === 429 && !ctx.res.hasHeader('Retry-After'))
        ctx.set('Retry-After', String(WINDOW_SECONDS))
      const engine = ctx as unknown as KoaContextWithOIDC
      if (ctx.status !== 401 || !('oidc' in ctx) || !routes.has(engine.oidc.route)) return
      const clientId = engine.oidc.client?.clientId
      if (clientId === undefined) return
      const key = keyOf(engine, clientId)
      const now = Date.now()
      for (const [old, until] of blockedUntil) if (until <= now) blockedUntil.delete(old)
      await failures.consume(key).catch(() => blockedUntil.set(key, now + WINDOW_SECONDS * 1000))
    },
  }
}

function keyOf(ctx: KoaContextWithOIDC, clientId: string): string {
  return `${clientId} ${String((ctx.state as { ip?: string }).ip)}`
}
