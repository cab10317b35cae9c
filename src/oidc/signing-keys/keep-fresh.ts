import type { Sealer } from '../../crypto/index.ts'
import type { Database, Tx } from '../../db/index.ts'
import { retireDueKeys } from './retire-key.ts'
import { rotateSigningKey } from './rotate-key.ts'
import { leavesTooEarly, stayLongEnough } from './stay-long-enough.ts'
import { ALGORITHMS, lockKeys } from './stored-keys.ts'
import type { SigningAlg } from './stored-keys.ts'

/** Nobody is in a hurry: whoever keeps our keys, however long within reason, has the new one before anything is signed with it. */
const ANNOUNCE_SECONDS = 86_400

export type KeySchedule = {
  /** Seconds for which one key signs; 0: until an operator rotates it. */
  everySeconds: number
  /** The longest that anything signed may be good for. */
  signedSeconds: number
}

/** How the keys stand: `dueInSeconds` until the next one should sign, negative when that is overdue. */
export type KeyAge = { alg: string; ageSeconds: number; announced: boolean; dueInSeconds: number | null }

/**
 * Announces a new key for each algorithm whose key has a day left to sign, and erases keys whose end has come (KY-03), which
 * is put off when tokens have been made to live longer since it was planned. Called now and then by
 * every instance: one of them does it, the others find it done. All times are the database's. Resolves to the algorithms that got a new key.
 */
export async function keepKeysFresh(
  { database, sealer }: { database: Database; sealer: Sealer },
  { everySeconds, signedSeconds }: KeySchedule,
): Promise<SigningAlg[]> {
  if (!(await isAnythingDue(database, { everySeconds, signedSeconds }))) return []
  return database.transaction(async (tx) => {
    await lockKeys(tx)
    await stayLongEnough(tx, signedSeconds)
    await retireDueKeys(tx)
    const rotated: SigningAlg[] = []
    const activateInSeconds = leadSeconds(everySeconds)
    for (const { alg, announced, dueInSeconds } of await keyAges(tx, everySeconds)) {
      const known = ALGORITHMS.find((one) => one === alg)
      if (!known || announced || dueInSeconds === null || dueInSeconds > activateInSeconds) continue
      const by = { actor: { via: 'system' } } as const
      const { ok } = await rotateSigningKey(tx, sealer, { alg: known, activateInSeconds, signedSeconds }, by)
      if (ok) rotated.push(known)
    }
    return rotated
  })
}

/** How old the key of each algorithm is that signs now. */
export async function keyAges(db: Tx | Database['prisma'], everySeconds: number): Promise<KeyAge[]> {
  const rows = await db.$queryRaw<{ alg: string; ageSeconds: number; announced: boolean }[]>`
    SELECT alg, extract(epoch FROM clock_timestamp() - max(activate_at) FILTER (WHERE activate_at <= clock_timestamp()))::float8 AS "ageSeconds",
      COALESCE(bool_or(activate_at > clock_timestamp()), FALSE) AS announced
    FROM signing_keys WHERE retired_at IS NULL AND (retire_at IS NULL OR retire_at > clock_timestamp())
    GROUP BY alg HAVING bool_or(activate_at <= clock_timestamp()) ORDER BY alg`
  return rows.map((row) => ({
    ...row,
    dueInSeconds: everySeconds === 0 ? null : everySeconds - row.ageSeconds,
  }))
}

/** Whether rotation has stopped: a key should have been announced half of the time ago for which it is announced, and was not. */
export function isRotationOverdue(
  { announced, dueInSeconds }: Pick<KeyAge, 'announced' | 'dueInSeconds'>,
  everySeconds: number,
): boolean {
  return !announced && dueInSeconds !== null && dueInSeconds < leadSeconds(everySeconds) / 2
}

/** For how long a key is announced before it signs. */
function leadSeconds(everySeconds: number): number {
  return Math.min(ANNOUNCE_SECONDS, everySeconds / 2)
}

/** One look without a lock: most of the time nothing is to be done. */
async function isAnythingDue(
  { prisma }: Database,
  { everySeconds, signedSeconds }: KeySchedule,
): Promise<boolean> {
  const ages = await keyAges(prisma, everySeconds)
  const lead = leadSeconds(everySeconds)
  if (ages.some(({ announced, dueInSeconds }) => !announced && dueInSeconds !== null && dueInSeconds <= lead))
    return true
  if (await leavesTooEarly(prisma, signedSeconds)) return true
  const [due] = await prisma.$queryRaw<unknown[]>`
    SELECT kid FROM signing_keys WHERE retired_at IS NULL AND retire_at <= clock_timestamp() LIMIT 1`
  return due !== undefined
}
