import { errors } from 'oidc-provider'
import type { KoaContextWithOIDC } from 'oidc-provider'
import type { Database, Db } from '../db/index.ts'
import {
  browserOfAnybody,
  counterKey,
  giveBack,
  networkCounters,
  recordBlocks,
  reserveAttempt,
} from '../users/index.ts'
import type { Counter, CounterPolicy } from '../users/index.ts'
import { browserTokenOf } from './known-browser.ts'

/**
 * RFC 8628 section 5.1: a user code has 34 bits and lives ten minutes; in that time the strangers of a network get ten guesses together, an
 * account or a browser that somebody signed in with five, and all of those in one network sixty, over all instances. Whoever exceeds them
 * waits, longer each time; and nobody who is known waits for what strangers behind the same router did (TH-03).
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
const known: CounterPolicy = { ...network, limit: 60 }

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
    const reserved = await reserveAttempt(prisma, await countersOf(prisma, ctx), new Date())
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

async function countersOf(db: Db, ctx: KoaContextWithOIDC): Promise<Counter[]> {
  const userId = ctx.oidc.session?.accountId
  const ip = ipOf(ctx.state)
  const own = await ownCounter(db, userId, browserTokenOf(ctx))
  return own
    ? [own, ...networkCounters('device-code.known', known, ip)]
    : networkCounters('device-code.network', network, ip)
}

async function ownCounter(
  db: Db,
  userId: string | undefined,
  browserToken: string | undefined,
): Promise<Counter | null> {
  if (userId !== undefined)
    return { key: counterKey('device-code.account', userId), policy: account, about: { userId } }
  // Most enter the code before they sign in.
  const browser = await browserOfAnybody(db, browserToken)
  return browser === null ? null : { key: counterKey('device-code.browser', browser), policy: account }
}
