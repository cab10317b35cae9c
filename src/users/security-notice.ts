import type { Sealer } from '../crypto/index.ts'
import type { Tx } from '../db/index.ts'
import { enqueueMail } from '../mail/index.ts'
import type { SecurityNotice } from '../mail/index.ts'

/** What a change of a factor needs: the transaction it belongs to, and the seal under which its notice waits to be sent. */
export type FactorChangeDeps = { tx: Tx; sealer: Sealer }

/** From where somebody changed something, as far as their notice tells. */
export type ChangedFrom = { ip?: string | undefined; userAgent?: string | undefined }

/** Tells a user by mail what was done to their account, in the transaction in which it is done (MF-07). Somebody who is gone is told nothing. */
export async function tellUser(
  { tx, sealer }: FactorChangeDeps,
  { userId, what, ip, userAgent }: { userId: string; what: SecurityNotice } & ChangedFrom,
): Promise<void> {
  const user = await tx.user.findUnique({ where: { id: userId }, select: { email: true, locale: true } })
  if (!user) return
  await enqueueMail(
    { tx, sealer },
    {
      to: user.email,
      language: user.locale,
      userId,
      template: 'security-notice',
      data: { what, at: new Date(), ip, userAgent: userAgent?.slice(0, 300) },
    },
  )
}
