import { field } from '../http/index.ts'
import { text } from '../language/index.ts'
import { verifyPasskeyRegistration } from '../users/index.ts'
import { ipOf } from './finish.ts'
import { toDispatcher } from './handler.ts'
import type { Handler } from './handler.ts'
import { hasMovedOn, keepProof, mayStillEnrol } from './keep-proof.ts'
import { withProof } from './progress.ts'
import { showStep } from './show-step.ts'

/** A new passkey: its user was verified as it was made, so it counts as shown. Who has no recovery codes, or never saved them, gets some on the way. */
export const passkeyEnrol: Handler = async (deps, ctx, signIn, body) => {
  const { interaction, user } = signIn
  const { database, sealer, passkeySite: site, keys } = deps
  if (!site || !user) {
    toDispatcher(ctx, interaction.uid)
    return
  }
  const { enrolling: _unfinished, offerPasskey: _answered, ...rest } = signIn.progress
  const made = await verifyPasskeyRegistration(
    { database, sealer, site, keys },
    {
      ...{ userId: user.id, binding: interaction.uid, response: field(body, 'response') },
      ...{ ip: ipOf(ctx), userAgent: ctx.get('User-Agent') },
    },
    {
      before: (tx) => mayStillEnrol(deps, tx, signIn),
      after: (tx, passkeyMethod) =>
        keepProof(deps, tx, ctx, signIn, { ...withProof(rest, 'passkey'), passkeyMethod }),
    },
  )
  if (!made.ok && !(await hasMovedOn(deps, ctx, signIn)))
    return showStep(deps, ctx, signIn, { problem: problems[made.reason] })
  if (made.ok) deps.onOutcome('enrolled', 'passkey')
  toDispatcher(ctx, interaction.uid)
}

const problems = {
  refused: text('signin:passkey.notMade'),
  name_invalid: text('signin:passkey.notMade'),
  taken: text('signin:passkey.taken'),
  too_many: text('signin:passkey.tooMany'),
}
