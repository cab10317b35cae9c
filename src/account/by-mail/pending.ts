import type { Context } from 'koa'
import { isInteractionUid } from './way-back.ts'

/** What this browser waits for a mail about. */
export type PendingKind = 'register' | 'reset' | 'change_email'

/** What this browser asked for: the id that the mailed code belongs to, the address as it was typed, and the sign-in to go back to. */
export type Pending = { id: string; email: string; interaction: string | undefined }

const SECONDS = 3600
const names: Record<PendingKind, string> = {
  register: 'cardea_register',
  reset: 'cardea_reset',
  change_email: 'cardea_change_email',
}
const nameOf = (ctx: Context, kind: PendingKind) => `${ctx.secure ? '__Host-' : ''}${names[kind]}`

/**
 * Keeps in this browser, signed, what a mail was asked for: a code of six digits counts only here, so that nobody guesses at what
 * others asked for.
 */
export function rememberPending(ctx: Context, kind: PendingKind, { id, email, interaction }: Pending): void {
  const value = JSON.stringify([id, email, interaction ?? ''])
  ctx.cookies.set(nameOf(ctx, kind), Buffer.from(value).toString('base64url'), {
    ...{ httpOnly: true, sameSite: 'lax', secure: ctx.secure, signed: true, overwrite: true },
    path: '/',
    maxAge: SECONDS * 1000,
  })
}

/** What this browser asked for within the hour, or null. */
export function recallPending(ctx: Context, kind: PendingKind): Pending | null {
  const value = ctx.cookies.get(nameOf(ctx, kind), { signed: true })
  if (value === undefined) return null
  const [id = '', email = '', interaction = ''] = JSON.parse(
    Buffer.from(value, 'base64url').toString(),
  ) as string[]
  return { id, email, interaction: isInteractionUid(interaction) ? interaction : undefined }
}
