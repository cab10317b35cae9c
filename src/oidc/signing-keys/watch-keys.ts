import { setTimeout as sleep } from 'node:timers/promises'
import type { JWK } from 'jose'
import type { Sealer } from '../../crypto/index.ts'
import type { Database } from '../../db/index.ts'
import { retireDueKeys } from './retire-key.ts'
import { livingKeys, livingKids, openKeys } from './stored-keys.ts'

/** HURRIED_SECONDS is three of these. */
const EVERY_MS = 5000

type Deps = { database: Database; sealer: Sealer }

/**
 * Looks every five seconds whether other keys are published than `known`, one small query a time, and hands over the new ones, so
 * that every instance follows a rotation within seconds. A look that fails is told to `onError` and the next one comes in its time.
 * Returns a function that stops it and resolves when the look under way is over.
 */
export function watchSigningKeys(
  { database, sealer }: Deps,
  known: readonly JWK[],
  {
    everyMs = EVERY_MS,
    onChange,
    onError,
  }: { everyMs?: number; onChange: (keys: JWK[]) => void; onError: (error: unknown) => void },
): () => Promise<void> {
  const stopping = new AbortController()
  const { signal } = stopping
  let seen = known.map(({ kid }) => kid).join(' ')
  const running = (async () => {
    while (await turn()) await look().catch(onError)
  })()

  function turn(): Promise<boolean> {
    return sleep(everyMs, true, { signal, ref: false }).catch(() => false)
  }

  async function look(): Promise<void> {
    if ((await livingKids(database.prisma)) === seen) return
    await database.transaction(retireDueKeys)
    const rows = await livingKeys(database.prisma)
    onChange(openKeys(sealer, rows))
    seen = rows.map(({ kid }) => kid).join(' ')
  }

  return async () => {
    stopping.abort()
    await running
  }
}
