import { z } from 'zod'
import type { Tx } from '../db/index.ts'
import { defineTask, enqueueAll, URGENT } from '../queue/index.ts'

/** A round through the logout notices that wait for one relying party: the lane is its client_id. */
export const logoutRound = defineTask('logout.deliver', z.strictObject({ lane: z.string() }), {
  priority: URGENT,
})

/** Asks for a round for each of these clients, in the transaction that wrote their notices. */
export async function ringClients(tx: Tx, clientIds: readonly string[]): Promise<void> {
  const lanes = [...new Set(clientIds)]
  await enqueueAll(
    tx,
    logoutRound,
    lanes.map((lane) => ({ lane })),
  )
}
