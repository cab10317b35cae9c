import { errors } from 'oidc-provider'
import type { KoaContextWithOIDC } from 'oidc-provider'
import type { Database } from '../db/index.ts'
import { counterKey, giveBack, networkCounters, recordBlocks, reserveAttempt } from '../users/index.ts'
import type { Counter, CounterPolicy } from '../users/index.ts'

/**
 * RFC 8628 section 5.1: a user code has 34 bits and lives ten minutes; in that time a network gets ten guesses and an account five,
 * over all instances. Whoever exceeds them waits, longer each time.
 */
const network: CounterPolicy = {
  limit: 10,
  windowSeconds: 600,
  renews: false,
  blockSeconds: 600,
  maxBlockSeconds: 3600,
  clearedBySuccess: false,
}
const account: CounterPolicy = { ...network, limit: 5 }

/** Too many user codes were tried that do not exist. Answered with 429 and Retry-After (HT-05). */
export class TooManyGuesses extends errors.CustomOIDCProviderError {
  retryAfter: number
  constructor(retryAfter: number) {
    super('temporarily_unavailable', 'too many codes were tried, try again later')
    this.retryAfter = retryAfter
    Object.assign(this, { status: 429, statusCode: 429, expose: true })
  }
}

/**
 * Looks a user code up by `look`, as one guess of the network and, where somebody is signed in, of their account. Counted before, so that
 * guesses in parallel are no more than guesses in a row; given back when the code exists, or when looking failed.
 */
export function createGuessCounter({ prisma }: Database) {
  return async function countGuess<T>(
    ctx: KoaContextWithOIDC | undefined,
    look: () => Promise<T | undefined>,
  ): Promise<T | undefined> {
    if (!ctx) return look()
    const reserved = await reserveAttempt(prisma, countersOf(ctx), new Date())
    if (!reserved.ok) {
      ctx.set('Retry-After', String(reserved.retryAfter))
      throw new TooManyGuesses(reserved.retryAfter)
    }
    let found: T | undefined
    let failed = true
    try {
      found = await look()
      failed = false
    } finally {
      if (failed || found !== undefined) await giveBack(prisma, reserved.reservation)
    }
    if (found === undefined) await recordBlocks(prisma, reserved.reservation, { ip: ipOf(ctx.state) })
    return found
  }
}

function ipOf(state: unknown): string {
  return String((state as { ip?: string }).ip)
}

function countersOf({ oidc, state }: KoaContextWithOIDC): Counter[] {
  const userId = oidc.session?.accountId
  return [
    ...networkCounters('device-code.network', network, ipOf(state)),
    ...(userId === undefined
      ? []
      : [{ key: counterKey('device-code.account', userId), policy: account, about: { userId } }]),
  ]
}
