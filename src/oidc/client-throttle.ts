import type { Middleware } from 'koa'
import { errors } from 'oidc-provider'
import type { KoaContextWithOIDC } from 'oidc-provider'
import { record } from '../audit/index.ts'
import type { Database } from '../db/index.ts'
import { networkCounters, recordBlocks, reserveAttempt } from '../users/index.ts'
import type { Counter, CounterPolicy } from '../users/index.ts'

/** This many failed authentications of one client from one network in a minute; then that pair waits, longer each time (CA-05). */
const failures: CounterPolicy = {
  limit: 50,
  windowSeconds: 60,
  renews: false,
  blockSeconds: 60,
  maxBlockSeconds: 15 * 60,
  clearedBySuccess: false,
}
/** Blocks this instance knows of; beyond it the oldest is forgotten, and learned of again at its next failure. */
const MOST_KNOWN = 10_000

const routes = new Set(['token', 'introspection', 'revocation', 'device_authorization'])

const tooMany = {
  error: 'temporarily_unavailable',
  error_description: 'too many failed authentications of this client, try again later',
}

class TooManyFailures extends errors.CustomOIDCProviderError {
  constructor() {
    super(tooMany.error, tooMany.error_description)
    Object.assign(this, { status: 429, statusCode: 429, expose: true })
  }
}

export type ClientThrottle = {
  middleware: Middleware
  check(ctx: KoaContextWithOIDC | undefined, clientId: string): void
}

/**
 * Slows guessing at client secrets, per client and network, so that nobody can shut a client out by failing in its name from elsewhere. The
 * wider networks of an IPv6 address are counted too, but a hoster's /48 has many customers: full, they turn away those alone who fail. Only failures are counted, in the database and so over all instances; what blocks is remembered here, so that a right
 * secret costs no trip. An instance that has not seen a pair fail learns of its block with the first failure, so n instances let n - 1
 * guesses more through: a secret has 256 bits, this protects the processor and not the secret (OAuth 2.1 section 2.4.1).
 */
export function createClientThrottle({ prisma }: Pick<Database, 'prisma'>): ClientThrottle {
  const blockedUntil = new Map<string, number>()

  function remember(key: string, until: number): void {
    const now = Date.now()
    blockedUntil.delete(key)
    for (const [old, end] of blockedUntil) {
      if (end > now && blockedUntil.size < MOST_KNOWN) break
      blockedUntil.delete(old)
    }
    blockedUntil.set(key, until)
  }

  /** Seconds to wait for somebody who failed when a wider network of theirs has failed too often; null when not. */
  async function countFailure(ctx: KoaContextWithOIDC, clientId: string): Promise<number | null> {
    const at = new Date()
    const [own, ...wider] = countersOf(ctx, clientId)
    const counted = await reserveAttempt(prisma, own ? [own] : [], at)
    if (!counted.ok) {
      remember(counted.blockedBy, at.getTime() + counted.retryAfter * 1000)
      return null
    }
    for (const { counter, until } of counted.reservation.blocks) remember(counter.key, until.getTime())
    await recordBlocks(prisma, counted.reservation, { ip: ipOf(ctx) })
    const around = await reserveAttempt(prisma, wider, at)
    if (!around.ok) return around.retryAfter
    // As many as are counted, so that nobody fills the audit by failing.
    await record(prisma, {
      type: 'client.authentication_failed',
      ...{ clientId, ip: ipOf(ctx) },
      actor: { via: 'client', requestId: (ctx.state as { requestId?: string }).requestId },
      detail: { endpoint: ctx.oidc.route },
    })
    await recordBlocks(prisma, around.reservation, { ip: ipOf(ctx) })
    return null
  }

  return {
    check(ctx, clientId) {
      if (!ctx || blockedUntil.size === 0 || !routes.has(ctx.oidc.route)) return
      const until = blockedUntil.get(countersOf(ctx, clientId)[0]?.key ?? '') ?? 0
      if (until <= Date.now()) return
      ctx.set('Retry-After', String(Math.ceil((until - Date.now()) / 1000)))
      throw new TooManyFailures()
    },
    async middleware(ctx, next) {
      await next()
      const engine = ctx as unknown as KoaContextWithOIDC
      if (ctx.status !== 401 || !('oidc' in ctx) || !routes.has(engine.oidc.route)) return
      const clientId = engine.oidc.client?.clientId
      // A name that no client has leaves no row behind.
      const wait = clientId === undefined ? null : await countFailure(engine, clientId)
      if (wait === null) return
      ctx.status = 429
      ctx.remove('WWW-Authenticate')
      ctx.set('Retry-After', String(wait))
      ctx.body = tooMany
    },
  }
}

function ipOf(ctx: KoaContextWithOIDC): string {
  return String((ctx.state as { ip?: string }).ip)
}

function countersOf(ctx: KoaContextWithOIDC, clientId: string): Counter[] {
  return networkCounters('client-secret', failures, ipOf(ctx), { client: clientId })
}
