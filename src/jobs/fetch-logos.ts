import { claimLogo, settleLogo } from '../clients/index.ts'
import type { Database } from '../db/index.ts'
import { createOutboundGuard } from '../http/index.ts'
import { getLogo } from './get-logo.ts'
import { takeTurns } from './turns.ts'

const EVERY_MS = 2000
/** Longer than an attempt can take with everything around it. */
const LEASE_SECONDS = 30

/**
 * Fetches the logos of clients that are new or changed, and looks for newer ones now and then. The rows in the database are the queue:
 * several instances may do this at once, and whatever process dies, another goes on when its lease has run out. Returns a function that
 * stops it and resolves when the one under way is done.
 */
export function startLogos(
  database: Database,
  {
    outboundAllow,
    onError,
    everyMs = EVERY_MS,
  }: {
    /** Hosts and networks that may be reached although private. */
    outboundAllow: readonly string[]
    onError: (error: unknown) => void
    everyMs?: number
  },
): () => Promise<void> {
  const guard = createOutboundGuard(outboundAllow)
  return takeTurns({
    everyMs,
    onError,
    async work(signal) {
      const isStopping = () => signal.aborted
      while (!isStopping()) {
        const due = await claimLogo(database.prisma, { leaseSeconds: LEASE_SECONDS })
        if (!due) return
        const outcome = await getLogo(guard, due.sourceUri, { signal })
        // Stopped half-way: the lease runs out, and it is begun anew.
        if (isStopping() && !outcome.ok) return
        await database.transaction((tx) => settleLogo(tx, due, outcome))
      }
    },
  })
}
