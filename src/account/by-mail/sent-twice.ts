import type { Context } from 'koa'
import type { Tx } from '../../db/index.ts'
import { recallAnswer, rememberAnswer } from '../../users/index.ts'
import type { SentForm } from '../../users/index.ts'
import type { AccountDeps } from '../deps.ts'
import { formBrowser } from './form-binding.ts'

type Deps = Pick<AccountDeps, 'database' | 'sealer'>

/** The form just sent, to be known if the same browser sends the same once more; null from a browser that was shown none. */
export function sentForm(ctx: Context, kind: string, ...entered: string[]): SentForm | null {
  const browser = formBrowser(ctx)
  return browser === undefined ? null : { kind, browser, entered }
}

/** Keeps where the answer leads, in the transaction that uses the ticket up. */
export async function leadsTo(
  { sealer }: Pick<Deps, 'sealer'>,
  tx: Tx,
  form: SentForm | null,
  next: string,
): Promise<void> {
  if (form) await rememberAnswer({ tx, sealer }, form, next)
}

/** Leads a form whose ticket is used up to where it led the first time; false when this is not its second time. */
export async function ledAgain(
  { database, sealer }: Deps,
  ctx: Context,
  form: SentForm | null,
): Promise<boolean> {
  const next = form && (await recallAnswer({ db: database.prisma, sealer }, form))
  if (!next) return false
  ctx.status = 303
  ctx.redirect(next)
  return true
}
