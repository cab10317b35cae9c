import { z } from 'zod'
import type { Context } from 'koa'
import { SealBroken } from '../../crypto/index.ts'
import type { Tx } from '../../db/index.ts'
import { field, ownCookie } from '../../http/index.ts'
import {
  countRecoveryCodes,
  generateRecoveryCodes,
  hasSecondFactor,
  markRecoveryCodesSaved,
  recoveryCodesMark,
  recoveryCodesState,
  tellUser,
} from '../../users/index.ts'
import type { AccountDeps } from '../deps.ts'
import { rememberBrowser } from '../../oidc/index.ts'
import { afterChange, userAgentOf } from './changes.ts'
import { goOn } from './frame.ts'
import type { Act, Show } from './frame.ts'
import type { Notice } from './notice.ts'
import { show } from './show.ts'
import { byVisitor, changeAs } from './visitor.ts'
import type { Visitor } from './visitor.ts'

const HERE = '/account/security/recovery-codes'
const SHOWN_SECONDS = 600
const cookie = ownCookie('cardea_codes', { path: HERE })

/** How many are left, or, right after they were made, the codes: until they are saved, for ten minutes, in this browser alone. */
export const showRecoveryCodes: Show = async (deps, ctx, visitor) => {
  const db = deps.database.prisma
  const { id: userId } = visitor.user
  const version = await recoveryCodesMark(db, userId)
  show(deps, ctx, visitor, 'account/recovery-codes', {
    ...{ version, savedAction: `${HERE}/saved` },
    left: await countRecoveryCodes(db, userId),
    codes: unsavedCodes(deps, ctx, visitor, version),
  })
}

/** Ten new ones in place of the old. A form sent twice makes them once: the second finds another set than the one it speaks of. */
export const renewRecoveryCodes: Act = async (deps, ctx, visitor, form) => {
  const { id: userId } = visitor.user
  const passkeysWork = deps.passkeySite !== null
  if (!(await hasSecondFactor(deps.database.prisma, userId, { passkeysWork }))) {
    goOn(ctx, '/account/security')
    return
  }
  const made = await changeAs(deps, visitor, async (tx) => {
    if ((await recoveryCodesMark(tx, userId)) !== field(form, 'version')) return null
    const codes = await makeCodes(deps, tx, ctx, visitor)
    return {
      ...codes,
      ...(await afterChange(tx, ctx, visitor, { form, reason: 'recovery_codes_regenerated' })),
    }
  })
  if (made) {
    rememberBrowser(ctx, made.browserToken)
    keepUnsaved(deps, ctx, visitor, made)
  }
  goOn(ctx, HERE)
}

/** "I have saved them": this browser forgets them. Of a set that another window has replaced nothing is kept: the newer one is shown. */
export const savedRecoveryCodes: Act = async (deps, ctx, visitor, form) => {
  const { id: userId } = visitor.user
  const isTheirs = await changeAs(deps, visitor, async (tx) => {
    // A template from before this was asked names no set.
    const mark = field(form, 'version') ?? (await recoveryCodesMark(tx, userId))
    return markRecoveryCodesSaved(tx, userId, { mark })
  })
  if (!isTheirs) {
    goOn(ctx, HERE, 'codesReplaced')
    return
  }
  cookie.clear(ctx)
  goOn(ctx, '/account/security', 'codesSaved')
}

/** With a new factor, in its transaction: the codes that stand in for it, if there are none yet, or none that were ever saved. */
export async function firstCodes(
  deps: AccountDeps,
  tx: Tx,
  ctx: Context,
  visitor: Visitor,
): Promise<RecoveryCodesMade | null> {
  return (await recoveryCodesState(tx, visitor.user.id)) === 'saved'
    ? null
    : makeCodes(deps, tx, ctx, visitor)
}

/** After a new factor: to its codes, if some were made, else to where it was going. */
export function leadToCodes(
  deps: AccountDeps,
  ctx: Context,
  visitor: Visitor,
  { codes, to, notice }: { codes: RecoveryCodesMade | null; to: string; notice: Notice },
): void {
  if (codes) keepUnsaved(deps, ctx, visitor, codes)
  goOn(ctx, codes ? HERE : to, notice)
}

/** Ten codes, and the mark of the set they are. */
export type RecoveryCodesMade = { codes: string[]; version: string }

async function makeCodes(
  { sealer }: AccountDeps,
  tx: Tx,
  ctx: Context,
  visitor: Visitor,
): Promise<RecoveryCodesMade> {
  const { id: userId } = visitor.user
  const codes = await generateRecoveryCodes(tx, userId, byVisitor(ctx, visitor))
  const change = { userId, ip: ctx.state.ip, userAgent: userAgentOf(ctx) }
  await tellUser({ tx, sealer }, { ...change, what: 'recovery_codes_regenerated' })
  return { codes, version: await recoveryCodesMark(tx, userId) }
}

const schema = z.strictObject({ codes: z.array(z.string()), version: z.string(), until: z.int() })
const contextOf = ({ session, user }: Visitor) => `account/recovery-codes:${user.id}:${session.uid}`

/** Sealed for this session, in the browser that is to show them: the server keeps only digests. */
function keepUnsaved({ sealer }: AccountDeps, ctx: Context, visitor: Visitor, made: RecoveryCodesMade): void {
  const { codes, version } = made
  const until = Math.floor(Date.now() / 1000) + SHOWN_SECONDS
  const sealed = sealer.seal(JSON.stringify({ codes, version, until }), contextOf(visitor))
  cookie.set(ctx, sealed, { seconds: SHOWN_SECONDS })
}

/** Those that are still the user's. */
function unsavedCodes(
  { sealer }: AccountDeps,
  ctx: Context,
  visitor: Visitor,
  version: string,
): string[] | null {
  const sealed = cookie.get(ctx)
  if (sealed === undefined) return null
  try {
    const kept = schema.parse(JSON.parse(sealer.open(sealed, contextOf(visitor))))
    return kept.version === version && kept.until > Date.now() / 1000 ? kept.codes : null
  } catch (error) {
    if (error instanceof SealBroken) return null
    throw error
  }
}
