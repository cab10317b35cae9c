import { sealLag } from '../audit/index.ts'
import { oldestExpired, tableSizes } from '../db/index.ts'
import type { Database, OldestExpired, Sweep, TableSize } from '../db/index.ts'
import { isRotationOverdue, keyAges } from '../oidc/index.ts'
import type { KeyAge } from '../oidc/index.ts'
import { watchEach } from './watch-each.ts'
import type { OnLook } from './watch-each.ts'

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
    sweeps,
    rotationSeconds,
    onState,
    onLook,
    everyMs = EVERY_MS,
  }: {
    /** What is swept, and may be late. */
    sweeps: readonly Sweep[]
    /** Seconds for which one signing key signs; 0: until an operator rotates it. */
    rotationSeconds: number
    /** Told of each part by itself. */
    onState: (part: Partial<StorageState>) => void
    onLook: OnLook
    everyMs?: number
  },
): () => Promise<void> {
  const looks = {
    tables: async () => onState({ tables: await tableSizes(prisma) }),
    expired: async () => onState({ expired: await oldestExpired(prisma, sweeps) }),
    audit: async () => onState({ auditSealSeconds: await sealLag(prisma) }),
    async keys() {
      const ages = await keyAges(prisma, rotationSeconds)
      onState({ keys: ages.map((age) => ({ ...age, overdue: isRotationOverdue(age, rotationSeconds) })) })
    },
  }
  return watchEach(looks, { everyMs, onLook })
}
