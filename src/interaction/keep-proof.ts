import type { Context } from 'koa'
import type { Tx } from '../db/index.ts'
import { countRecoveryCodes } from '../users/index.ts'
import type { InteractionDeps } from './deps.ts'
import { newRecoveryCodes } from './new-recovery-codes.ts'
import { progressOf } from './progress.ts'
import type { Progress } from './progress.ts'
import type { SignIn } from './sign-in.ts'

/** Thrown to undo what went with a sign-in that cannot go on any more. */
export class SignInGone extends Error {
  override readonly name = 'SignInGone'
}

/**
 * Keeps how far a sign-in has come by a second factor, in the transaction that spends or adds it, and makes ten recovery codes for
 * somebody who has none, or gets others (`anew`). Throws `SignInGone` for a sign-in that was ended meanwhile: it proves nothing and
 * adds nothing.
 */
export async function keepProof(
  deps: InteractionDeps,
  tx: Tx,
  ctx: Context,
  signIn: SignIn,
  progress: Progress,
  { anew = false } = {},
): Promise<void> {
  const hasCodes = !anew && (await countRecoveryCodes(tx, signIn.user?.id ?? '')) > 0
  const unsaved = hasCodes ? {} : { unsavedCodes: await newRecoveryCodes(deps, tx, ctx, signIn) }
  await keepProgress(deps, tx, signIn, { ...progress, ...unsaved })
}

/** The same without a look at the recovery codes. */
export async function keepProgress(
  { oidc }: InteractionDeps,
  tx: Tx,
  { interaction }: SignIn,
  progress: Progress,
): Promise<void> {
  if (!(await oidc.saveProgress(tx, interaction.uid, progress))) throw new SignInGone()
}

/**
 * Of two posts of the same proof one wins. Whether this sign-in is past the step at which the other found it spent: its browser then
 * follows, and hears of no mistake.
 */
export async function hasMovedOn(
  deps: InteractionDeps,
  ctx: Context,
  { interaction, progress }: SignIn,
): Promise<boolean> {
  const loaded = await deps.oidc.loadInteraction(ctx, interaction.uid)
  if (!loaded.ok) return true
  return JSON.stringify(progressOf(loaded.interaction).proven) !== JSON.stringify(progress.proven)
}
