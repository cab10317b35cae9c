import { setTimeout as sleep } from 'node:timers/promises'
import type { JWK } from 'jose'
import { SealBroken } from '../../crypto/index.ts'
import type { Sealer } from '../../crypto/index.ts'
import type { Database } from '../../db/index.ts'
import { StorageUnavailable } from '../errors.ts'
import { retireDueKeys } from './retire-key.ts'
import { MARGIN_SECONDS } from './stay-long-enough.ts'
import { livingKeys, livingKids, openKeys } from './stored-keys.ts'
import type { LivingKey } from './stored-keys.ts'

/** HURRIED_SECONDS is three of these. */
const EVERY_MS = 5000
/** Requests and jobs look by themselves when the last look is older: the timer of a process that was stopped has slept as well. */
const FRESH_MS = 2 * EVERY_MS
/** So long a replaced key stays beyond the life of what it signed: keys that old may still sign, when the database cannot be asked. */
const MARGIN_MS = MARGIN_SECONDS * 1000
/** Looks for a key that somebody names and we do not know are this far apart, however many are named. */
const UNKNOWN_EVERY_MS = 1000

type Deps = { database: Database; sealer: Sealer }

export type FollowedKeys = {
  /** The keys as far as this process knows them: private JWKs, for each algorithm the one that signs first. */
  current: () => JWK[]
  /**
   * Resolves once the keys are known as they were ten seconds ago at most: at once, unless the process stood still. Never rejects: while
   * the database is away the keys stay what they were.
   */
  refresh: () => Promise<void>
  /** The same for whoever signs. Rejects, as storage trouble, when keys known this long ago may be retired and nobody can tell. */
  toSign: () => Promise<JWK[]>
  /** If this key is not known, looks once more, a second after the last look began at the earliest. Rejects when that fails. */
  learn: (kid: string) => Promise<void>
  /** Looks every five seconds, and erases keys whose end has come. Returns a function that stops it and resolves when the look under way is over. */
  watch: (options?: { everyMs?: number }) => () => Promise<void>
}

/**
 * Follows the published keys from `known` on, one small query a look, so that every instance follows a rotation within seconds, and one
 * that was stopped or frozen before it signs or publishes anything (KY-03, FT-24). Other keys are handed to `onChange`, before they are the
 * current ones; looks that fail are told to `onError`.
 */
export function followSigningKeys(
  { database, sealer }: Deps,
  known: JWK[],
  { onChange, onError }: { onChange: (keys: JWK[]) => void; onError: (error: unknown) => void },
): FollowedKeys {
  let keys = known
  /** All that were published at the last look; null when more is to be done about them. */
  let seen: string | null = kidsOf(known)
  /** When the newest look began that succeeded, the newest that came to any end, and the newest of all. */
  let [lookedAt, triedAt, beganAt] = [now(), now(), now()]
  let underWay: { began: Instant; done: Promise<void> } | undefined
  let nextForUnknown: Promise<void> | undefined

  /** One look for all who want one, unless it began more than `within` milliseconds ago: what it finds may be older than we were stopped. */
  function look(within = FRESH_MS): Promise<void> {
    if (underWay && since(underWay.began) <= within) return underWay.done
    const began = now()
    beganAt = began
    const done = read(began).finally(() => {
      triedAt = later(triedAt, began)
      if (underWay?.began === began) underWay = undefined
    })
    underWay = { began, done }
    return done
  }

  async function read(began: Instant): Promise<void> {
    const living = await livingKids(database.prisma)
    const rows = living === seen ? null : await livingKeys(database.prisma)
    // A look that began later was faster.
    if (later(lookedAt, began) !== began) return
    if (rows) take(rows)
    lookedAt = began
  }

  function take(rows: readonly LivingKey[]): void {
    const opened = rows.flatMap((row) => openOne(row))
    if (kidsOf(opened) !== kidsOf(keys)) {
      onChange(opened)
      keys = opened
    }
    seen = null
  }

  /** A key that was sealed under a key ring which we do not have yet is no reason to know nothing of the others. */
  function openOne(row: LivingKey): JWK[] {
    try {
      return openKeys(sealer, [row])
    } catch (error) {
      if (!(error instanceof SealBroken)) throw error
      onError(error)
      return []
    }
  }

  async function turn(): Promise<void> {
    await look()
    if (seen !== null) return
    const living = kidsOf(keys)
    await database.transaction(retireDueKeys)
    seen = living
  }

  async function refresh(): Promise<void> {
    if (since(triedAt) > FRESH_MS) await look().catch(onError)
  }

  return {
    current: () => keys,
    refresh,
    async toSign() {
      if (since(lookedAt) > MARGIN_MS) await look().catch(unavailable)
      else await refresh()
      return keys
    },
    async learn(kid) {
      if (keys.some((key) => key.kid === kid)) return
      nextForUnknown ??= (async () => {
        await sleep(Math.max(0, UNKNOWN_EVERY_MS - since(beganAt)))
        // Whoever comes from now on may mean a key that this look does not see.
        nextForUnknown = undefined
        await look(0).catch(unavailable)
      })()
      await nextForUnknown
    },
    watch({ everyMs = EVERY_MS } = {}) {
      const stopping = new AbortController()
      const { signal } = stopping
      const nextTurn = () => sleep(everyMs, true, { signal, ref: false }).catch(() => false)
      const running = (async () => {
        while (await nextTurn()) await turn().catch(onError)
      })()
      return async () => {
        stopping.abort()
        await running
      }
    },
  }
}

function kidsOf(keys: readonly JWK[]): string {
  return keys.map(({ kid }) => kid).join(' ')
}

function unavailable(error: unknown): never {
  throw new StorageUnavailable(error)
}

/** A moment by both clocks: one cannot be set but may stand still in a machine that is frozen, the other one runs on there. */
type Instant = { ticks: number; date: number }

function now(): Instant {
  return { ticks: performance.now(), date: Date.now() }
}

/** Milliseconds since then, by the clock that says more. */
function since({ ticks, date }: Instant): number {
  return Math.max(performance.now() - ticks, Math.abs(Date.now() - date))
}

function later(one: Instant, other: Instant): Instant {
  return other.ticks >= one.ticks ? other : one
}
