import type { AcrFactor } from '../config/index.ts'
import type { Database } from '../db/index.ts'
import { factorsOf, findUser } from '../users/index.ts'
import type { Reach } from './acr.ts'
import { engineError } from './errors.ts'
import type { OidcOptions } from './options.ts'

/** What a user can prove now, and could set up. Passes on storage trouble. */
export async function reachOf(
  {
    database,
    policy,
  }: { database: Pick<Database, 'prisma'>; policy: Pick<OidcOptions['policy'], 'passkeys'> },
  userId: string,
): Promise<Reach> {
  try {
    const user = await findUser(database.prisma, userId)
    const { totp, passkeys, recoveryCodes } = await factorsOf(database.prisma, userId)
    return reachWith({
      password: user?.hasPassword ?? false,
      ...{ totp, passkeys, recoveryCodes, passkeysWork: policy.passkeys },
    })
  } catch (error) {
    throw engineError(error)
  }
}

/** The same from what is known already. `passkeysWork`: there can be passkeys for this issuer. */
export function reachWith(of: {
  password: boolean
  totp: boolean
  passkeys: number
  recoveryCodes: number
  passkeysWork: boolean
}): Reach {
  const has = new Set<AcrFactor>()
  if (of.password) has.add('pwd')
  if (of.totp) has.add('otp')
  if (of.passkeys > 0 && of.passkeysWork) has.add('passkey')
  if (of.recoveryCodes > 0) has.add('recovery_code')
  return { has, canEnrol: new Set<AcrFactor>(of.passkeysWork ? ['otp', 'passkey'] : ['otp']) }
}
