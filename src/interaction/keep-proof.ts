import type { Context } from 'koa'
import type { Tx } from '../db/index.ts'
import { hasSecondFactor, lockUser, recoveryCodesState } from '../users/index.ts'
import type { InteractionDeps } from './deps.ts'
import { newRecoveryCodes } from './new-recovery-codes.ts'
import { progressOf } from './progress.ts'
import type { Progress } from './progress.ts'
import type { SignIn } from './sign-in.ts'

/** Thrown to undo what went with a sign-in that cannot go on any more. */
export class SignInGone extends Error {
  override readonly name = 'SignInGone'
}

/** Thrown to undo what went with a step of a sign-in that another request of it took first: the browser follows what is there. */
export class MovedOn extends Error {
  override readonly name = 'MovedOn'
}

/**
 * When a sign-in makes ten new recovery codes: unless its user has some and has said that they are saved; if the last that were made were
 * never said to be; or in any case.
 */
export type NewCodes = 'unless_saved' | 'if_unsaved' | 'always'

/**
 * Keeps how far a sign-in has come by a second factor, in the transaction that spends or adds it, and makes ten recovery codes for
 * somebody who has none. Codes that another sign-in showed, and nobody said to have saved, are none. Throws `SignInGone` for a sign-in that
 * was ended meanwhile, `MovedOn` for one that another request has brought on: it proves nothing and adds nothing.
 */
export async function keepProof(
  deps: InteractionDeps,
  tx: Tx,
  ctx: Context,
  signIn: SignIn,
  progress: Progress,
  { newCodes = 'unless_saved' }: { newCodes?: NewCodes } = {},
): Promise<void> {
  const needs = await needsCodes(tx, signIn.user?.id ?? '', newCodes)
  const unsaved = needs ? { unsavedCodes: await newRecoveryCodes(deps, tx, ctx, signIn) } : {}
  await keepProgress(deps, tx, signIn, { ...progress, ...unsaved })
}

async function needsCodes(tx: Tx, userId: string, newCodes: NewCodes): Promise<boolean> {
  if (newCodes === 'always') return true
  const needs = async () => {
    const state = await recoveryCodesState(tx, userId)
    return newCodes === 'if_unsaved' ? state === 'unsaved' : state !== 'saved'
  }
  if (!(await needs())) return false
  // In another window they may be saying in this very moment that they have saved them.
  await lockUser(tx, userId)
  return needs()
}

/** The same without a look at the recovery codes. */
export async function keepProgress(
  { oidc }: InteractionDeps,
  tx: Tx,
  { interaction }: Pick<SignIn, 'interaction'>,
  progress: Progress,
): Promise<void> {
  const kept = await oidc.saveProgress(tx, interaction, progress)
  if (kept === 'gone') throw new SignInGone()
  if (kept === 'moved_on') throw new MovedOn()
}

/**
 * The look that a sign-in takes in the transaction in which it adds a factor, its user's row locked: between the request and now all their
 * access may have ended, or they may have got a second factor, which is to be shown first. Throws `SignInGone`, or `MovedOn`.
 */
export async function mayStillEnrol(
  { oidc, passkeySite }: InteractionDeps,
  tx: Tx,
  { interaction, progress, user }: SignIn,
): Promise<void> {
  if (!user || !(await oidc.holdInteraction(tx, interaction, user.id))) throw new SignInGone()
  const hasShown = secondFactors.some((factor) => progress.proven[factor] !== undefined)
  const mustShow = await hasSecondFactor(tx, user.id, { passkeysWork: passkeySite !== null })
  if (mustShow && !hasShown) throw new MovedOn()
}

const secondFactors = ['otp', 'passkey', 'recovery_code', 'trusted_browser'] as const

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
