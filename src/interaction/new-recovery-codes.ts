import type { Context } from 'koa'
import type { Tx } from '../db/index.ts'
import { generateRecoveryCodes, tellUser } from '../users/index.ts'
import type { InteractionDeps } from './deps.ts'
import type { SignIn } from './sign-in.ts'

/**
 * Makes ten new codes for the page that shows them, and tells their user by mail, as the account pages do. Until the user says they are
 * saved they wait in this sign-in, sealed and bound to it (which is what is returned), so that a reload does not lose them.
 */
export async function newRecoveryCodes(
  { sealer }: InteractionDeps,
  tx: Tx,
  ctx: Context,
  { interaction, user }: SignIn,
): Promise<string> {
  if (!user) throw new Error('recovery codes without a user')
  const { id: userId } = user
  const { ip, requestId } = ctx.state
  const codes = await generateRecoveryCodes(tx, userId, { ip, actor: { via: 'user', userId, requestId } })
  const notice = { userId, what: 'recovery_codes_regenerated' as const, ip, userAgent: ctx.get('User-Agent') }
  await tellUser({ tx, sealer }, notice)
  return sealer.seal(codes.join(' '), `interactions:${interaction.uid}`)
}
