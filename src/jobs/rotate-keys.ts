import type { Sealer } from '../crypto/index.ts'
import type { Database } from '../db/index.ts'
import { keepKeysFresh } from '../oidc/index.ts'
import type { KeySchedule } from '../oidc/index.ts'
import { recurring, URGENT } from '../queue/index.ts'
import type { Work } from '../queue/index.ts'

/** Looks once a minute whether a signing key has come to its time. */
export function keyRotation(
  deps: { database: Database; sealer: Sealer },
  schedule: KeySchedule,
  onRotated: (algorithms: readonly string[]) => void,
): Work {
  return recurring(
    deps.database.prisma,
    { name: 'keys.rotate', everySeconds: 60, timeoutSeconds: 60, priority: URGENT },
    async () => {
      const rotated = await keepKeysFresh(deps, schedule)
      if (rotated.length > 0) onRotated(rotated)
    },
  )
}
