import { field } from '../http/index.ts'
import { text } from '../language/index.ts'
import { countRecoveryCodes, verifyPasskeyRegistration } from '../users/index.ts'
import { ipOf } from './finish.ts'
import { advance, toDispatcher } from './handler.ts'
import type { Handler } from './handler.ts'
import { withProof } from './progress.ts'
import { advanceWithNewCodes } from './recovery-codes.ts'
import { showStep } from './show-step.ts'

/** A new passkey: its user was verified as it was made, so it counts as shown. Who has no recovery codes gets some on the way. */
export const passkeyEnrol: Handler = async (deps, ctx, signIn, body) => {
  const { interaction, user } = signIn
  const { database, sealer, passkeySite: site, keys } = deps
  if (!site || !user) {
    toDispatcher(ctx, interaction.uid)
    return
  }
  const made = await verifyPasskeyRegistration(
    { database, sealer, site, keys },
    {
      ...{ userId: user.id, binding: interaction.uid, response: field(body, 'response') },
      ...{ ip: ipOf(ctx), userAgent: ctx.get('User-Agent') },
    },
  )
  if (!made.ok) return showStep(deps, ctx, signIn, { problem: problems[made.reason] })
  deps.onOutcome('enrolled')
  const { enrolling: _unfinished, offerPasskey: _answered, ...rest } = signIn.progress
  const progress = { ...withProof(rest, 'passkey'), passkeyMethod: made.method }
  if ((await countRecoveryCodes(database.prisma, user.id)) > 0) return advance(deps, ctx, signIn, progress)
  await advanceWithNewCodes(deps, ctx, signIn, progress)
}

const problems = {
  refused: text('signin:passkey.notMade'),
  name_invalid: text('signin:passkey.notMade'),
  taken: text('signin:passkey.taken'),
  too_many: text('signin:passkey.tooMany'),
}
