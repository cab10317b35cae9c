import { claimLogo, LOGO_LANE, logoRound, secondsToNextLogo, settleLogo } from '../clients/index.ts'
import type { Database } from '../db/index.ts'
import { createOutboundGuard } from '../http/index.ts'
import { performRounds } from '../queue/index.ts'
import type { Work } from '../queue/index.ts'
import { getLogo } from './get-logo.ts'

/** Longer than an attempt can take with everything around it. */
const LEASE_SECONDS = 30

/**
 * Fetches the logos of clients that are new or changed, and looks for newer ones now and then. Several instances may do this at once, and
 * whatever process dies, another goes on when its lease has run out.
 */
export function fetchLogos(
  database: Database,
  {
    outboundAllow,
  }: {
    /** Hosts and networks that may be reached although private. */
    outboundAllow: readonly string[]
  },
): Work {
  const db = database.prisma
  const guard = createOutboundGuard(outboundAllow)
  return performRounds(db, {
    task: logoRound,
    perLane: 1,
    lanes: 1,
    claim: async () => {
      const due = await claimLogo(db, { leaseSeconds: LEASE_SECONDS })
      return due ? [due] : []
    },
    async deliver(due, { stopping, signal }) {
      const outcome = await getLogo(guard, due.sourceUri, { signal: AbortSignal.any([stopping, signal]) })
      // Stopped half-way: the lease runs out, and it is begun anew.
      if (stopping.aborted && !outcome.ok) return 0
      await database.transaction((tx) => settleLogo(tx, due, outcome))
      return 0
    },
    nextDue: () => secondsToNextLogo(db),
    dueLanes: async () => {
      const seconds = await secondsToNextLogo(db)
      return seconds !== null && seconds <= 0 ? [LOGO_LANE] : []
    },
  })
}
