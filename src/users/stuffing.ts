import { record } from '../audit/index.ts'
import type { Db } from '../db/index.ts'
import type { StuffingPolicy } from './throttle-policy.ts'

/**
 * Counts a wrong password that came from a browser nobody knows, over all users together: passwords stolen elsewhere are tried on many
 * accounts, on each so seldom that no other counter sees it. The failure that is one too many raises the alarm for a while, over all
 * instances, and records it once. It is an alarm and no lock: what it changes is decided in password.ts.
 */
export async function noteFailure(
  db: Db,
  { failures, windowSeconds, calmSeconds }: StuffingPolicy,
  at: Date,
): Promise<void> {
  if (failures === 0) return
  const [watch] = await db.$queryRaw<{ failures: number }[]>`
    UPDATE stuffing_watch SET
      failures = CASE WHEN window_ends <= ${at}::timestamptz THEN 1 ELSE failures + 1 END,
      window_ends = CASE WHEN window_ends <= ${at}::timestamptz
        THEN ${at}::timestamptz + make_interval(secs => ${windowSeconds}::int) ELSE window_ends END
    RETURNING failures`
  if (!watch || watch.failures < failures) return
  // Written anew a few times a minute at most, however many fail.
  await db.$executeRaw`
    UPDATE stuffing_watch SET alarm_until = ${at}::timestamptz + make_interval(secs => ${calmSeconds}::int)
    WHERE alarm_until IS NULL OR alarm_until < ${at}::timestamptz + make_interval(secs => ${calmSeconds - 10}::int)`
  // Of all that see too many at the same moment, one finds it not begun.
  const began = await db.$executeRaw`
    UPDATE stuffing_watch SET began_at = ${at}::timestamptz WHERE began_at IS NULL`
  if (began > 0)
    await record(db, {
      type: 'throttle.credential_stuffing',
      actor: { via: 'system' },
      detail: { state: 'begun', failures: watch.failures, window_seconds: windowSeconds },
    })
}

/** Whether wrong passwords over all users are, or just were, an attack on all of them. */
export async function stuffingAlarm(db: Db, at: Date): Promise<{ failures: number; until: Date } | null> {
  const [row] = await db.$queryRaw<{ failures: number; until: Date }[]>`
    SELECT failures, alarm_until AS until FROM stuffing_watch WHERE alarm_until > ${at}::timestamptz`
  return row ?? null
}

/** Ends an alarm whose time is over and records that, once over all instances. `now` puts an end to one that is still on. Returns whether one ended. */
export async function endStuffingAlarm(db: Db, at: Date, { now = false } = {}): Promise<boolean> {
  const ended = await db.$executeRaw`
    UPDATE stuffing_watch SET began_at = NULL, alarm_until = NULL, failures = 0, window_ends = ${at}::timestamptz
    WHERE began_at IS NOT NULL AND (${now}::boolean OR alarm_until IS NULL OR alarm_until <= ${at}::timestamptz)`
  if (ended > 0)
    await record(db, {
      type: 'throttle.credential_stuffing',
      actor: { via: 'system' },
      detail: { state: 'ended' },
    })
  return ended > 0
}
