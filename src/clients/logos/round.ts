import { z } from 'zod'
import { defineTask } from '../../queue/index.ts'

/** A round through the logos that are to be fetched. */
export const logoRound = defineTask('logos.fetch', z.strictObject({ lane: z.string() }))
export const LOGO_LANE = 'all'
