import type { Context } from 'koa'
import { ownCookie } from '../../http/index.ts'
import type { OwnCookie } from '../../http/index.ts'
import { isInteractionUid } from './way-back.ts'

/** What this browser waits for a mail about. */
export type PendingKind = 'register' | 'reset' | 'change_email'

/** What this browser asked for: the id that the mailed code belongs to, the address as it was typed, and the sign-in to go back to. */
export type Pending = { id: string; email: string; interaction: string | undefined }

const SECONDS = 3600
const cookies: Record<PendingKind, OwnCookie> = {
  register: ownCookie('cardea_register'),
  reset: ownCookie('cardea_reset'),
  change_email: ownCookie('cardea_change_email'),
}

/**
 * Keeps in this browser, signed, what a mail was asked for: a code of six digits counts only here, so that nobody guesses at what
 * others asked for.
 */
export function rememberPending(ctx: Context, kind: PendingKind, { id, email, interaction }: Pending): void {
  const value = JSON.stringify([id, email, interaction ?? ''])
  cookies[kind].set(ctx, Buffer.from(value).toString('base64url'), { seconds: SECONDS })
}

/** What this browser asked for within the hour, or null. */
export function recallPending(ctx: Context, kind: PendingKind): Pending | null {
  const value = cookies[kind].get(ctx)
  if (value === undefined) return null
  const [id = '', email = '', interaction = ''] = JSON.parse(
    Buffer.from(value, 'base64url').toString(),
  ) as string[]
  return { id, email, interaction: isInteractionUid(interaction) ? interaction : undefined }
}
