import { z } from 'zod'
import { defineTask, URGENT } from '../queue/index.ts'

/** A round through the mails that wait. There is one server to hand them to, so there is one lane. */
export const mailRound = defineTask('mail.send', z.strictObject({ lane: z.string() }), {
  timeoutSeconds: 90,
  priority: URGENT,
})
export const MAIL_LANE = 'smtp'
