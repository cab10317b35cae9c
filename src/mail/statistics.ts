import type { Db } from '../db/index.ts'
import { retryable } from './list.ts'

/** How many mails wait to be sent, and for how long the oldest has. */
export async function mailsWaiting(db: Db): Promise<{ waiting: number; oldestSeconds: number }> {
  const [row] = await db.$queryRaw<{ waiting: number; oldestSeconds: number }[]>`
    SELECT count(*)::int AS waiting, COALESCE(extract(epoch FROM now() - min(created_at)), 0)::float8 AS "oldestSeconds"
    FROM mails WHERE state = 'queued' AND expires_at > now()`
  return row ?? { waiting: 0, oldestSeconds: 0 }
}

/** Seconds until the next mail may be tried; null when none waits. */
export async function secondsToNextMail(db: Db): Promise<number | null> {
  const [row] = await db.$queryRaw<{ seconds: number | null }[]>`
    SELECT extract(epoch FROM min(next_attempt_at) - now())::float8 AS seconds
    FROM mails WHERE state = 'queued' AND expires_at > now()`
  return row?.seconds ?? null
}

/** How many mails were given up that an operator may still have sent, by their template. */
export async function mailsGivenUp(db: Db): Promise<{ template: string; count: number }[]> {
  return db.$queryRaw<{ template: string; count: number }[]>`
    SELECT m.template, count(*)::int AS count FROM mails m WHERE ${retryable} GROUP BY m.template`
}
