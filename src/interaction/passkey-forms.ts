import type { Context } from 'koa'
import type { PasskeyForm } from '../http/index.ts'
import { passkeyAuthenticationOptions, passkeyRegistrationOptions } from '../users/index.ts'
import type { InteractionDeps } from './deps.ts'
import type { SignIn } from './sign-in.ts'

/**
 * What a page needs to ask for a passkey in this sign-in: `of` the user's own as a second factor, or anybody's to sign in with.
 * Undefined where there can be none. Only a page that asks has our script.
 */
export async function formToUse(
  { database, passkeySite, keys }: InteractionDeps,
  ctx: Context,
  { interaction: { uid } }: SignIn,
  of: { userId: string } | 'anybody',
): Promise<PasskeyForm | undefined> {
  if (!passkeySite) return undefined
  ctx.state.scripts = true
  const options = await passkeyAuthenticationOptions(
    { db: database.prisma, site: passkeySite, keys },
    { binding: uid, userId: of === 'anybody' ? undefined : of.userId },
  )
  return { action: `/interaction/${uid}/passkey`, options }
}

/** What a page needs to make a passkey for the user of this sign-in; undefined where there can be none, or no more. */
export async function formToMake(
  { database, passkeySite, keys }: InteractionDeps,
  ctx: Context,
  { interaction: { uid }, user }: SignIn,
): Promise<PasskeyForm | undefined> {
  if (!passkeySite || !user) return undefined
  const deps = { db: database.prisma, site: passkeySite, keys }
  const options = await passkeyRegistrationOptions(deps, { userId: user.id, binding: uid })
  if (options === null) return undefined
  ctx.state.scripts = true
  return { action: `/interaction/${uid}/passkey-enrol`, options }
}
