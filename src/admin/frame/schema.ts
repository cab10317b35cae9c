import { z } from 'zod'

/** A point in time in UTC (RFC 3339). */
export const instant = z.iso.datetime()

/** An id in a path. What cannot be one is simply not there, so it is not refused before it is looked for. */
export const idParams = z.strictObject({ id: z.string().min(1).max(400) })
