import type { Db } from '../db/index.ts'

/**
 * Removes what this room no longer needs: counters whose failures are forgotten anyway, enrolments left unconfirmed for more
 * than a day, tickets and answered challenges that have expired. At most `limit` rows of each, so that it never holds much; call it again while it returns that many or more.
 * Nothing depends on it being called: what has expired counts for nothing already. Returns how many rows went.
 */
export async function sweepUsersRoom(db: Db, { now = new Date(), limit = 1000 } = {}): Promise<number> {
  const dayAgo = new Date(now.getTime() - 24 * 60 * 60 * 1000)
  const counters = await db.$executeRaw`
    DELETE FROM attempt_counters WHERE key IN (
      SELECT key FROM attempt_counters
      WHERE expires_at <= ${now}::timestamptz LIMIT ${limit}::int FOR UPDATE SKIP LOCKED)`
  const enrolments = await db.$executeRaw`
    DELETE FROM totp_credentials WHERE id IN (
      SELECT id FROM totp_credentials
      WHERE confirmed_at IS NULL AND created_at <= ${dayAgo}::timestamptz LIMIT ${limit}::int FOR UPDATE SKIP LOCKED)`
  const tickets = await db.$executeRaw`
    DELETE FROM password_tickets WHERE user_id IN (
      SELECT user_id FROM password_tickets WHERE expires_at <= ${now}::timestamptz LIMIT ${limit}::int FOR UPDATE SKIP LOCKED)`
  const mailTickets = await db.$executeRaw`
    DELETE FROM mail_tickets WHERE id IN (
      SELECT id FROM mail_tickets WHERE expires_at <= ${now}::timestamptz LIMIT ${limit}::int FOR UPDATE SKIP LOCKED)`
  const challenges = await db.$executeRaw`
    DELETE FROM passkey_challenges WHERE digest IN (
      SELECT digest FROM passkey_challenges WHERE expires_at <= ${now}::timestamptz LIMIT ${limit}::int FOR UPDATE SKIP LOCKED)`
  return counters + enrolments + tickets + mailTickets + challenges
}
