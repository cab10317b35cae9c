import type { Context } from 'koa'
import type { By } from '../../audit/index.ts'
import type { Sealer } from '../../crypto/index.ts'
import type { Tx } from '../../db/index.ts'
import type { Text } from '../../language/index.ts'
import { enqueueMail } from '../../mail/index.ts'
import {
  findUser,
  findUserByEmail,
  issueMailTicket,
  lockUser,
  normaliseEmail,
  updateUser,
} from '../../users/index.ts'
import type { SpentMailTicket, User } from '../../users/index.ts'
import { countAsking } from './ask.ts'
import type { ByMailDeps } from './deps.ts'
import { mayChoose } from './domains.ts'
import { rememberPending } from './pending.ts'

export type NewAddressAsked =
  | { ok: true; next: '/account/email/check' }
  | { ok: false; reason: 'email_invalid' | 'unchanged' | 'domain' }
  /** The answer is 429 already; `problem` says it in words. */
  | { ok: false; reason: 'throttled'; problem: Text }

/**
 * Asks for another address for a signed-in user's account: a link and a code go to the new one, and until one of them is used nothing
 * changes. An address that belongs to somebody tells nothing: its owner is told by mail. Where registration is open to some domains only,
 * it must be of one of them: nobody registers with one to change to another. The caller has made sure that it is the user.
 */
export async function askForNewAddress(
  deps: Pick<ByMailDeps, 'database' | 'registration' | 'sealer' | 'keys'>,
  ctx: Context,
  {
    user,
    email: typed,
    before,
  }: {
    user: Pick<User, 'id' | 'email' | 'locale'>
    email: string
    /** Looked at in the transaction that makes the mail. */
    before?: ((tx: Tx) => Promise<void>) | undefined
  },
): Promise<NewAddressAsked> {
  const email = normaliseEmail(typed)
  if (email === null) return { ok: false, reason: 'email_invalid' }
  if (email === user.email) return { ok: false, reason: 'unchanged' }
  if (!mayChoose(deps.registration, email)) return { ok: false, reason: 'domain' }
  const problem = await countAsking(deps, ctx, { email, purpose: 'change_email' })
  if (problem) return { ok: false, reason: 'throttled', problem }
  const { database, sealer, keys } = deps
  const { id } = await database.transaction(async (tx) => {
    await before?.(tx)
    const owner = await findUserByEmail(tx, email)
    return issueMailTicket(
      { tx, sealer, keys },
      {
        ...{ purpose: 'change_email', email, userId: user.id, dead: owner !== null },
        detail: { from: user.email },
        mail: (secrets) =>
          owner
            ? { to: email, language: owner.locale, userId: owner.id, template: 'address-taken', data: {} }
            : {
                ...{ to: email, language: user.locale ?? ctx.state.language, userId: user.id },
                ...{ expiresInSeconds: 60 * secrets.minutes, template: 'change-email', data: secrets },
              },
      },
    )
  })
  rememberPending(ctx, 'change_email', { id, email, interaction: undefined })
  return { ok: true, next: '/account/email/check' }
}

/**
 * Gives the user the address that a spent ticket confirmed, and tells the old one. False when the account is not what it was when it was
 * asked for (another address, disabled, gone), or the address has found another owner.
 */
export async function changeAddress(
  { tx, sealer }: { tx: Tx; sealer: Sealer },
  { userId, email, detail }: SpentMailTicket,
  { userAgent, ...by }: By & { userAgent: string },
): Promise<boolean> {
  const { from } = detail as { from: string }
  await lockUser(tx, userId ?? '')
  const user = await findUser(tx, userId ?? '')
  if (!user || user.disabledAt !== null || user.email !== from) return false
  if (await findUserByEmail(tx, email)) return false
  const actor = { via: 'user' as const, ...by.actor, userId: user.id }
  const updated = await updateUser(tx, user.id, { email, emailVerified: true }, { ...by, actor })
  // Taken in this very moment: nothing of this transaction may stay, the ticket neither used nor good.
  if (!updated.ok) throw new AddressTaken()
  await enqueueMail(
    { tx, sealer },
    {
      ...{ to: from, language: user.locale, userId: user.id, template: 'security-notice' },
      data: { what: 'email_changed', at: new Date(), ip: by.ip, userAgent },
    },
  )
  return true
}

/** Somebody else got the address in the very moment. */
export class AddressTaken extends Error {}
