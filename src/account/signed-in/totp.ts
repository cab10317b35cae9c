import QRCode from 'qrcode'
import type { Context } from 'koa'
import { field } from '../../http/index.ts'
import { text } from '../../language/index.ts'
import type { Text } from '../../language/index.ts'
import { beginTotpEnrolment, confirmTotpEnrolment, pendingTotpEnrolment } from '../../users/index.ts'
import type { AccountDeps } from '../deps.ts'
import { userAgentOf } from './changes.ts'
import { goOn, segment } from './frame.ts'
import type { Act, Show } from './frame.ts'
import { withNewFactor } from './new-factor.ts'
import { show } from './show.ts'
import type { Visitor } from './visitor.ts'
import { throttledFor } from './wait-words.ts'

const SECURITY = '/account/security'
const pathOf = (id: string) => `${SECURITY}/totp/${id}/confirm`

/** Makes a new secret, which counts for nothing until a code of the new app has come. */
export const beginTotp: Act = async (deps, ctx, { user }) => {
  const { credentialId } = await beginTotpEnrolment(
    { db: deps.database.prisma, sealer: deps.sealer },
    { userId: user.id, issuer: deps.issuerName, account: user.email },
  )
  goOn(ctx, pathOf(credentialId))
}

/** The secret to be scanned, the same again when the page is loaded again; gone once it is confirmed. */
export const showTotp: Show = (deps, ctx, visitor) => page(deps, ctx, visitor)

/** The first code of the new app: from here on it is one more of the user's. */
export const confirmTotp: Act = async (deps, ctx, visitor, form) => {
  const { user } = visitor
  const name = field(form, 'name') ?? ''
  const input = {
    ...{ userId: user.id, credentialId: segment(ctx, 'id'), code: field(form, 'code'), name },
    ...{ ip: ctx.state.ip, userAgent: userAgentOf(ctx) },
  }
  const { around, goOnTo } = withNewFactor(deps, ctx, visitor, { form, reason: 'totp_added' })
  const verdict = await confirmTotpEnrolment(deps, input, around)
  if (!verdict.ok && verdict.reason === 'gone') {
    goOn(ctx, SECURITY, 'totpGone')
    return
  }
  if (!verdict.ok) {
    await page(deps, ctx, visitor, { ...refusal(ctx, verdict), name })
    return
  }
  goOnTo(SECURITY, 'totpAdded')
}

type Refused = Exclude<Awaited<ReturnType<typeof confirmTotpEnrolment>>, { ok: true }>

function refusal(ctx: Context, verdict: Refused): { error: Text } | { problem: Text } {
  if (verdict.reason === 'throttled') return { problem: throttledFor(ctx, verdict.retryAfter) }
  if (verdict.reason === 'too_many') return { problem: text('account:self.totp.tooMany') }
  if (verdict.reason === 'name_invalid') return { problem: text('account:self.factor.nameInvalid') }
  return { error: text('signin:totp.wrong') }
}

async function page(
  deps: AccountDeps,
  ctx: Context,
  visitor: Visitor,
  refused: { error?: Text; problem?: Text; name?: string } = {},
): Promise<void> {
  const { user } = visitor
  const id = segment(ctx, 'id')
  const pending = await pendingTotpEnrolment(
    { db: deps.database.prisma, sealer: deps.sealer },
    { userId: user.id, credentialId: id, issuer: deps.issuerName, account: user.email },
  )
  if (!pending) {
    goOn(ctx, SECURITY, 'totpGone')
    return
  }
  const qrSvg = await QRCode.toString(pending.uri, { type: 'svg', margin: 1, errorCorrectionLevel: 'M' })
  ctx.state.here = pathOf(id)
  show(deps, ctx, visitor, 'account/totp-add', {
    ...{ action: pathOf(id), qrSvg, secret: pending.secret, uri: pending.uri, name: refused.name ?? '' },
    ...{ error: refused.error, problem: refused.problem },
  })
}
