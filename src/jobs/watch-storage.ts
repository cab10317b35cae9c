import { sealLag } from '../audit/index.ts'
import { tableSizes } from '../db/index.ts'
import type { Database, TableSize } from '../db/index.ts'
import { isRotationOverdue, keyAges, oldestExpired } from '../oidc/index.ts'
import type { KeyAge, OldestExpired } from '../oidc/index.ts'
import { takeTurns } from './turns.ts'

/** How what is kept stands: how large, how far behind its sweeping and sealing is, how long the keys still sign. */
export type StorageState = {
  tables: TableSize[]
  expired: OldestExpired[]
  auditSealSeconds: number
  keys: (KeyAge & { overdue: boolean })[]
}

const EVERY_MS = 60_000

/** Tells once a minute how what is kept stands. A timer of every process that shows metrics, and no job: it must also be told where nobody works. */
export function startWatchingStorage(
  { prisma }: Database,
  {
    rotationSeconds,
    onState,
    onError,
    everyMs = EVERY_MS,
  }: {
    /** Seconds for which one signing key signs; 0: until an operator rotates it. */
    rotationSeconds: number
    onState: (state: StorageState) => void
    onError: (error: unknown) => void
    everyMs?: number
  },
): () => Promise<void> {
  return takeTurns({
    ...{ everyMs, onError, atOnce: true },
    async work() {
      const ages = await keyAges(prisma, rotationSeconds)
      onState({
        tables: await tableSizes(prisma),
        expired: await oldestExpired(prisma),
        auditSealSeconds: await sealLag(prisma),
        keys: ages.map((age) => ({ ...age, overdue: isRotationOverdue(age, rotationSeconds) })),
      })
    },
  })
}
