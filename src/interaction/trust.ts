import type { Context } from 'koa'
import { field } from '../http/index.ts'
import type { Form } from '../http/index.ts'
import { browserOf } from '../users/index.ts'
import type { User } from '../users/index.ts'
import { browserTokenOf } from '../oidc/index.ts'
import type { InteractionDeps } from './deps.ts'
import type { SignIn } from './sign-in.ts'

/**
 * For how many days the pages for the second factor, an app's code or a passkey, offer that this browser need not show it; undefined:
 * they do not. Never to people who have power over others, and never for a recovery code: its user has lost something.
 */
export function trustDaysOf(
  { trustedBrowserDays }: Pick<InteractionDeps, 'trustedBrowserDays'>,
  user: Pick<User, 'role'> | null,
): number | undefined {
  return trustedBrowserDays > 0 && user?.role === null ? trustedBrowserDays : undefined
}

/** Whether the user who has just shown their second factor ticked that this browser need not ask for it again. */
export function asksForTrust(
  deps: Pick<InteractionDeps, 'trustedBrowserDays'>,
  user: Pick<User, 'role'> | null,
  form: Form,
): boolean {
  return trustDaysOf(deps, user) !== undefined && field(form, 'trust') === 'yes'
}

/**
 * Whether this browser stands for the second factor that policy asks of the user who has just shown their password. Not where the client
 * wants somebody to sign in anew, now; what it demands by `acr` is never met by it (`decideAcr`).
 */
export async function skipsFactor(
  deps: InteractionDeps,
  ctx: Context,
  signIn: Pick<SignIn, 'interaction' | 'client'>,
  user: User,
): Promise<boolean> {
  if (trustDaysOf(deps, user) === undefined || wantsFreshSignIn(signIn)) return false
  const browser = await browserOf(deps.database.prisma, { token: browserTokenOf(ctx), userId: user.id })
  return browser?.skipsFactor === true
}

function wantsFreshSignIn({
  interaction: { params },
  client,
}: Pick<SignIn, 'interaction' | 'client'>): boolean {
  const { prompt, max_age: maxAge } = params
  const prompts = typeof prompt === 'string' ? prompt.split(' ') : []
  return prompts.includes('login') || maxAge !== undefined || client.metadata.default_max_age !== undefined
}
