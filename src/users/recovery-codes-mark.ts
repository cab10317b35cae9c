import { digest } from '../crypto/index.ts'
import type { Db } from '../db/index.ts'
import { isUserId } from './user-id.ts'

/**
 * A name for the set of recovery codes that a user has now, used ones included: another set has another name. Tells a page that asks for
 * new ones whether somebody was faster. Nothing about the codes can be learnt from it.
 */
export async function recoveryCodesMark(db: Db, userId: string): Promise<string> {
  if (!isUserId(userId)) return ''
  const rows = await db.recoveryCode.findMany({ where: { userId }, select: { digest: true } })
  const names = rows.map((row) => Buffer.from(row.digest).toString('base64url')).sort()
  return digest(`recovery-codes ${names.join(' ')}`).toString('base64url')
}
