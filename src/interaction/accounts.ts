import type { Context } from 'koa'
import type { Tx } from '../db/index.ts'
import { MOST_PARKED, revoke } from '../oidc/index.ts'
import type { BrowserAccount, BrowserAccounts, Interaction } from '../oidc/index.ts'
import type { InteractionDeps } from './deps.ts'
import type { Progress } from './progress.ts'

/** How the sessions of this browser stand after a sign-in: which one apps see, and which wait. */
type Order = Parameters<InteractionDeps['oidc']['arrangeAccounts']>[1]

const unfitSession = new Set(['no_session', 'id_token_hint', 'claims_id_token_sub_value'])

/**
 * Is somebody to be asked as whom they want to go on? When the app asks for it, and when the only trouble with this browser is that
 * nobody, or somebody else, is signed in while other accounts wait.
 */
export function choosesAccount(
  interaction: Pick<Interaction, 'prompt' | 'session' | 'askedFor' | 'loggedInBefore'>,
  { anotherAccount, userId }: Progress,
  others: readonly BrowserAccount[],
): boolean {
  const { prompt, session, loggedInBefore } = interaction
  if (anotherAccount || (prompt.name === 'login' && userId !== undefined)) return false
  if (prompt.name === 'select_account') return session !== null || others.length > 0
  if (prompt.name !== 'login' || others.length === 0) return false
  // Whoever has signed in is not the one asked for, and nobody who waits is either: another page would be a circle.
  if (loggedInBefore && !others.some((other) => canAnswer(interaction, other))) return false
  return prompt.reasons.length > 0 && prompt.reasons.every((reason) => unfitSession.has(reason))
}

/** Is this the one whom the app asks for, if it asks for anybody? With another one the engine would only ask again. */
export function canAnswer(
  { askedFor }: Pick<Interaction, 'askedFor'>,
  { userId }: Pick<BrowserAccount, 'userId'>,
): boolean {
  return askedFor.every((subject) => subject === userId)
}

/**
 * Makes room for the session that a sign-in begins. Whoever is signed in here waits if this person asked for one more account;
 * otherwise it ends, because on a browser that people share the next one must not find it. An older session of the same user, and one
 * more than a browser may hold, end too. Null when apps go on with the session they know.
 */
export async function makeRoom(
  tx: Tx,
  { current, parked }: BrowserAccounts,
  { userId, oneMore, ip }: { userId: string; oneMore: boolean; ip: string },
): Promise<Order | null> {
  const changes = current !== null && current.userId !== userId
  const waiting = [
    ...(changes && oneMore ? [current] : []),
    ...parked.filter((other) => other.userId !== userId),
  ]
  const again = parked.filter((other) => other.userId === userId)
  const crowdedOut = waiting.splice(MOST_PARKED)
  const replaced = changes && !oneMore ? [current] : []
  const end = ({ sessionUid }: BrowserAccount, reason: string) =>
    revoke(tx, { sessionUid, keepOffline: true }, { reason, ip })
  for (const session of again) await end(session, 'signed_in_again')
  for (const session of crowdedOut) await end(session, 'too_many_accounts')
  for (const session of replaced) await end(session, 'signed_in_as_another_user')
  const ended = [...again, ...crowdedOut, ...replaced]
  if (!changes && ended.length === 0) return null
  return {
    current: changes ? null : (current?.sessionUid ?? null),
    parked: waiting.map(({ sessionUid }) => sessionUid),
  }
}

/** The order after somebody chose an account that waits; null when it does not wait any more. */
export function switchedTo({ current, parked }: BrowserAccounts, chosen: BrowserAccount): Order | null {
  if (!parked.includes(chosen)) return null
  const waiting = [...(current ? [current] : []), ...parked.filter((other) => other !== chosen)]
  return { current: chosen.sessionUid, parked: waiting.map(({ sessionUid }) => sessionUid) }
}

/**
 * Everybody this browser is signed in as who can answer this request, the current one first, and whether there are others, who cannot.
 */
export async function accountsOf(
  { oidc }: Pick<InteractionDeps, 'oidc'>,
  ctx: Context,
  interaction: Pick<Interaction, 'askedFor'>,
): Promise<{
  accounts: { email: string; name?: string | undefined; current: boolean }[]
  othersHidden: boolean
}> {
  const { current, parked } = await oidc.browserAccounts(ctx)
  const all = [...(current ? [current] : []), ...parked]
  const fit = all.filter((account) => canAnswer(interaction, account))
  const accounts = fit.map(({ email, name, sessionUid }) => ({
    ...{ email, name: name ?? undefined },
    current: sessionUid === current?.sessionUid,
  }))
  return { accounts, othersHidden: fit.length < all.length }
}
