import type { Context } from 'koa'
import type { Database } from '../../db/index.ts'
import type { Caller } from './caller.ts'
import { AdminProblem } from './problem.ts'

const WINDOW_SECONDS = 60

/**
 * Counts a request of this caller in the database, so for all instances together (AD-16), and says how much is left
 * (draft-ietf-httpapi-ratelimit-headers). Throws 429 with Retry-After when it was one too many in this minute.
 */
export async function countRequest(
  { database, perMinute }: { database: Database; perMinute: number },
  ctx: Context,
  { key }: Caller,
): Promise<void> {
  const [window] = await database.prisma.$queryRaw<{ requests: number; seconds: number }[]>`
    INSERT INTO admin_request_windows AS w (caller, started_at, requests) VALUES (${key}, now(), 1)
    ON CONFLICT (caller) DO UPDATE SET
      started_at = CASE WHEN w.started_at > now() - interval '1 minute' THEN w.started_at ELSE now() END,
      requests = CASE WHEN w.started_at > now() - interval '1 minute' THEN w.requests + 1 ELSE 1 END
    RETURNING requests, ceil(extract(epoch FROM started_at + interval '1 minute' - now()))::int AS seconds`
  if (!window) throw new Error('the request was not counted')
  const seconds = Math.max(1, window.seconds)
  const left = Math.max(0, perMinute - window.requests)
  ctx.set({
    'RateLimit-Policy': `"caller";q=${perMinute};w=${WINDOW_SECONDS}`,
    RateLimit: `"caller";r=${left};t=${seconds}`,
  })
  if (window.requests > perMinute)
    throw new AdminProblem('too_many_requests', { headers: { 'Retry-After': String(seconds) } })
}
