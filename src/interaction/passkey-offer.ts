import type { Context } from 'koa'
import { digest } from '../crypto/index.ts'
import { field, ownCookie } from '../http/index.ts'
import { countPasskeys } from '../users/index.ts'
import type { InteractionDeps } from './deps.ts'
import { advance } from './handler.ts'
import type { Handler } from './handler.ts'
import { showStep } from './show-step.ts'
import type { SignIn } from './sign-in.ts'

const DAYS = 90
/** How many people one browser remembers the answers of. */
const MOST_PEOPLE = 8
const cookie = ownCookie('cardea_passkey_later')

/** "Not now": this browser does not ask this person again for three months. */
export const passkeyOffer: Handler = async (deps, ctx, signIn, body) => {
  if (field(body, 'decision') !== 'later' || !signIn.user) return showStep(deps, ctx, signIn)
  const own = markOf(signIn.user.id)
  const marks = [own, ...marksIn(ctx).filter((mark) => mark !== own)].slice(0, MOST_PEOPLE)
  cookie.set(ctx, marks.join('.'), { seconds: DAYS * 86_400 })
  const { offerPasskey: _answered, ...progress } = signIn.progress
  await advance(deps, ctx, signIn, progress)
}

/**
 * Whether a passkey is offered after this sign-in: the browser said that this device can keep one (so there is a script to make it), its
 * user has none, did not say "not now" here, and comes to sign in, not to prove something more.
 */
export async function offersPasskey(
  { database, passkeySite }: InteractionDeps,
  ctx: Context,
  { interaction }: Pick<SignIn, 'interaction'>,
  { userId, said }: { userId: string; said: string | undefined },
): Promise<boolean> {
  if (!passkeySite || said !== 'yes' || interaction.session || interaction.loggedInBefore) return false
  if (marksIn(ctx).includes(markOf(userId))) return false
  return (await countPasskeys(database.prisma, userId)) === 0
}

function marksIn(ctx: Context): string[] {
  const value = cookie.get(ctx)
  return value === undefined ? [] : value.split('.')
}

/** Which of this browser's people said it; tells nobody who. */
function markOf(userId: string): string {
  return digest(`passkey offer declined by ${userId}`).toString('base64url').slice(0, 16)
}
