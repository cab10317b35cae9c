import { z } from 'zod'
import { defineTask, URGENT } from '../../queue/index.ts'

/** A round through the revocations that are not finished: their receipts say what is left. */
export const revocationRound = defineTask('revocations.clear', z.strictObject({}), {
  timeoutSeconds: 90,
  priority: URGENT,
})

/** Every revocation ends with a step after its commit; long enough for a process that lives to have taken it. */
export const SETTLED_SECONDS = 2.5
