import type { Db } from '../../db/index.ts'
import { listFactors, listTrustedBrowsers, MAX_PASSKEYS, MAX_TOTP_DEVICES } from '../../users/index.ts'
import type { Show } from './frame.ts'
import { show } from './show.ts'

/** How one signs in, and what there is to change about it. */
export const showSecurity: Show = async (deps, ctx, visitor) => {
  const db = deps.database.prisma
  const { id: userId, hasPassword } = visitor.user
  const { totp, passkeys, recoveryCodes } = await listFactors(db, userId)
  const browsers = await listTrustedBrowsers(db, { userId })
  show(deps, ctx, visitor, 'account/security', {
    ...{ hasPassword, totp },
    passkeys: passkeys.map(({ backedUp, ...passkey }) => ({ ...passkey, synced: backedUp })),
    recoveryCodes: recoveryCodes.left,
    browsers: browsers.length,
    mayAddTotp: totp.length < MAX_TOTP_DEVICES,
    mayAddPasskey: deps.passkeySite !== null && passkeys.length < MAX_PASSKEYS,
  })
}

/** How many factors of each kind. */
export async function factorCounts(
  db: Db,
  userId: string,
): Promise<{ totp: number; passkeys: number; recoveryCodes: number }> {
  const { totp, passkeys, recoveryCodes } = await listFactors(db, userId)
  return { totp: totp.length, passkeys: passkeys.length, recoveryCodes: recoveryCodes.left }
}
