import type { Context } from 'koa'
import type { Form } from '../../http/index.ts'
import { rememberBrowser } from '../../oidc/index.ts'
import type { Tx } from '../../db/index.ts'
import type { AccountDeps } from '../deps.ts'
import { afterChange } from './changes.ts'
import type { Notice } from './notice.ts'
import { firstCodes, leadToCodes } from './recovery-codes.ts'
import type { RecoveryCodesMade } from './recovery-codes.ts'
import { stillThere } from './visitor.ts'
import type { Visitor } from './visitor.ts'

type Work = Record<'before' | 'after', (tx: Tx) => Promise<void>>

/** What goes with a new factor, in its transaction: its visitor is still signed in, and what follows on it is done with it, or neither. */
export function withNewFactor(
  deps: AccountDeps,
  ctx: Context,
  visitor: Visitor,
  change: { form: Form; reason: string },
): { around: Work; goOnTo: (to: string, notice: Notice) => void } {
  let made: { browserToken: string; codes: RecoveryCodesMade | null } | undefined
  const around: Work = {
    before: (tx) => stillThere(tx, visitor),
    async after(tx) {
      made = {
        ...(await afterChange(tx, ctx, visitor, change)),
        codes: await firstCodes(deps, tx, ctx, visitor),
      }
    },
  }
  function goOnTo(to: string, notice: Notice): void {
    if (made) rememberBrowser(ctx, made.browserToken)
    leadToCodes(deps, ctx, visitor, { codes: made?.codes ?? null, to, notice })
  }
  return { around, goOnTo }
}
