import type { Context } from 'koa'
import type { Tx } from '../../db/index.ts'
import { field } from '../../http/index.ts'
import type { Form } from '../../http/index.ts'
import { browserTokenOf, revoke } from '../../oidc/index.ts'
import { knowBrowser } from '../../users/index.ts'
import { byVisitor } from './visitor.ts'
import type { Visitor } from './visitor.ts'

/** What the request says of the browser, for the notices by mail. */
export function userAgentOf(ctx: Context): string {
  return ctx.get('User-Agent').slice(0, 300)
}

/**
 * What follows on a changed password or factor: where the form says so (ticked by default), every other session and all tokens end, and
 * this session stays. The users room has forgotten every browser by then; this one, whose user proved everything just now, is known
 * again, and skips no factor. Returns what the browser is to keep, once the transaction has committed.
 */
export async function afterChange(
  tx: Tx,
  ctx: Context,
  visitor: Visitor,
  { form, reason }: { form: Form; reason: string },
): Promise<{ browserToken: string }> {
  const { user, session } = visitor
  if (field(form, 'end_others') === 'yes')
    await revoke(
      tx,
      { userId: user.id },
      { reason, ...byVisitor(ctx, visitor), keep: { sessionUid: session.uid } },
    )
  return { browserToken: await knowAgain(tx, ctx, visitor) }
}

/**
 * Knows this browser again after every one was forgotten: who ends all the others must not be a stranger here, whom the guesses of
 * strangers keep waiting (TH-03). Returns what the browser is to keep, once the transaction has committed.
 */
export async function knowAgain(tx: Tx, ctx: Context, { user }: Visitor): Promise<string> {
  const { token } = await knowBrowser(tx, {
    ...{ userId: user.id, token: browserTokenOf(ctx), userAgent: userAgentOf(ctx), ip: ctx.state.ip },
  })
  return token
}
