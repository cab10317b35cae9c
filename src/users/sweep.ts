import type { Db } from '../db/index.ts'

/** No two clocks of ours are as far apart: what an instance takes for alive by its own clock is not swept by the database's. */
const GRACE_SECONDS = 3600

/**
 * Removes what this room no longer needs: counters whose failures are forgotten anyway, enrolments left unconfirmed for more
 * than a day, tickets and answered challenges that have expired. By the database's clock, and an hour late where an instance compares with
 * its own: an answered challenge that went while some instance still took it for good could be answered again. At most `limit` rows of each,
 * so that it never holds much; call it again while it returns that many or more.
 * Nothing depends on it being called: what has expired counts for nothing already. Returns how many rows went.
 */
export async function sweepUsersRoom(db: Db, { limit = 1000 } = {}): Promise<number> {
  const counters = await db.$executeRaw`
    DELETE FROM attempt_counters WHERE key IN (
      SELECT key FROM attempt_counters
      WHERE expires_at <= now() - make_interval(secs => ${GRACE_SECONDS}::int) LIMIT ${limit}::int FOR UPDATE SKIP LOCKED)`
  const enrolments = await db.$executeRaw`
    DELETE FROM totp_credentials WHERE id IN (
      SELECT id FROM totp_credentials
      WHERE confirmed_at IS NULL AND created_at <= now() - interval '1 day' LIMIT ${limit}::int FOR UPDATE SKIP LOCKED)`
  const tickets = await db.$executeRaw`
    DELETE FROM password_tickets WHERE user_id IN (
      SELECT user_id FROM password_tickets WHERE expires_at <= now() LIMIT ${limit}::int FOR UPDATE SKIP LOCKED)`
  const mailTickets = await db.$executeRaw`
    DELETE FROM mail_tickets WHERE id IN (
      SELECT id FROM mail_tickets WHERE expires_at <= now() LIMIT ${limit}::int FOR UPDATE SKIP LOCKED)`
  const challenges = await db.$executeRaw`
    DELETE FROM passkey_challenges WHERE digest IN (
      SELECT digest FROM passkey_challenges
      WHERE expires_at <= now() - make_interval(secs => ${GRACE_SECONDS}::int) LIMIT ${limit}::int FOR UPDATE SKIP LOCKED)`
  return counters + enrolments + tickets + mailTickets + challenges
}
