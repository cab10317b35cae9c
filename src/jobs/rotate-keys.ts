import type { Sealer } from '../crypto/index.ts'
import type { Database } from '../db/index.ts'
import { keepKeysFresh } from '../oidc/index.ts'
import type { KeySchedule } from '../oidc/index.ts'
import { takeTurns } from './turns.ts'

const EVERY_MS = 60_000

/** Looks once a minute whether a signing key has come to its time. Returns a function that stops it. */
export function startKeyRotation(
  deps: { database: Database; sealer: Sealer },
  schedule: KeySchedule,
  {
    onRotated,
    onError,
    everyMs = EVERY_MS,
  }: {
    onRotated: (algorithms: readonly string[]) => void
    onError: (error: unknown) => void
    everyMs?: number
  },
): () => Promise<void> {
  return takeTurns({
    ...{ everyMs, onError },
    async work() {
      const rotated = await keepKeysFresh(deps, schedule)
      if (rotated.length > 0) onRotated(rotated)
    },
  })
}
