import type { Context } from 'koa'
import type { Tx } from '../db/index.ts'
import { generateRecoveryCodes, markOfRecoveryCodes, recoveryCodesMark, tellUser } from '../users/index.ts'
import type { InteractionDeps } from './deps.ts'
import type { SignIn } from './sign-in.ts'

const contextOf = ({ interaction }: Pick<SignIn, 'interaction'>) => `interactions:${interaction.uid}`

/**
 * Makes ten new codes for the page that shows them, and tells their user by mail, as the account pages do. Until the user says they are
 * saved they wait in this sign-in, sealed and bound to it (which is what is returned), so that a reload does not lose them.
 */
export async function newRecoveryCodes(
  { sealer }: InteractionDeps,
  tx: Tx,
  ctx: Context,
  signIn: SignIn,
): Promise<string> {
  const userId = userOf(signIn).id
  const { ip, requestId } = ctx.state
  const codes = await generateRecoveryCodes(tx, userId, { ip, actor: { via: 'user', userId, requestId } })
  const notice = { userId, what: 'recovery_codes_regenerated' as const, ip, userAgent: ctx.get('User-Agent') }
  await tellUser({ tx, sealer }, notice)
  return sealer.seal(codes.join(' '), contextOf(signIn))
}

/** The codes that wait in a sign-in to be saved, and the mark of their set: the user's own as long as no others were made. */
export function waitingCodes({ sealer }: InteractionDeps, signIn: SignIn): { codes: string[]; mark: string } {
  const codes = sealer.open(signIn.progress.unsavedCodes ?? '', contextOf(signIn)).split(' ')
  return { codes, mark: markOfRecoveryCodes(userOf(signIn).id, codes) }
}

/** Whether those that wait in a sign-in still work: in another window others may have been made. */
export async function areReplaced(deps: InteractionDeps, signIn: SignIn): Promise<boolean> {
  const { mark } = waitingCodes(deps, signIn)
  return (await recoveryCodesMark(deps.database.prisma, userOf(signIn).id)) !== mark
}

function userOf({ user }: SignIn): NonNullable<SignIn['user']> {
  if (!user) throw new Error('recovery codes without a user')
  return user
}
