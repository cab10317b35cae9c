import { digest } from '../crypto/index.ts'
import type { Db, Tx } from '../db/index.ts'
import { lockUser } from './owners.ts'
import { recoveryCodeDigest } from './recovery-code-format.ts'
import { isUserId } from './user-id.ts'

/**
 * A name for the set of recovery codes that a user has now, used ones included: another set has another name. Tells a page that asks for
 * new ones whether somebody was faster. Nothing about the codes can be learnt from it.
 */
export async function recoveryCodesMark(db: Db, userId: string): Promise<string> {
  if (!isUserId(userId)) return ''
  const rows = await db.recoveryCode.findMany({ where: { userId }, select: { digest: true } })
  return markOf(rows.map((row) => row.digest))
}

/** The same name for a set that is at hand: the user's own as long as it is what `recoveryCodesMark` says. */
export function markOfRecoveryCodes(userId: string, codes: readonly string[]): string {
  return markOf(codes.map((code) => recoveryCodeDigest(userId, code)))
}

/**
 * Whether a user has recovery codes that are still good, and whether they said that they have saved them. Codes that nobody has saved work
 * all the same; but whoever closed their page never to see it again has none in truth.
 */
export async function recoveryCodesState(db: Db, userId: string): Promise<'none' | 'unsaved' | 'saved'> {
  if (!isUserId(userId)) return 'none'
  const code = await db.recoveryCode.findFirst({ where: { userId, usedAt: null }, select: { savedAt: true } })
  if (!code) return 'none'
  return code.savedAt === null ? 'unsaved' : 'saved'
}

/**
 * Notes that the user has saved the set with this mark. False, and nothing noted, when they have another by now: what they saved is no
 * good any more. Locks their row, so that no other set is made meanwhile.
 */
export async function markRecoveryCodesSaved(
  tx: Tx,
  userId: string,
  { mark, now = new Date() }: { mark: string; now?: Date },
): Promise<boolean> {
  await lockUser(tx, userId)
  if ((await recoveryCodesMark(tx, userId)) !== mark) return false
  await tx.recoveryCode.updateMany({ where: { userId, savedAt: null }, data: { savedAt: now } })
  return true
}

function markOf(digests: readonly Uint8Array[]): string {
  const names = digests.map((one) => Buffer.from(one).toString('base64url')).sort()
  return digest(`recovery-codes ${names.join(' ')}`).toString('base64url')
}
