import { field } from '../http/index.ts'
import { text } from '../language/index.ts'
import { tellUser, useRecoveryCode } from '../users/index.ts'
import { browserTokenOf } from '../oidc/index.ts'
import { ipOf } from './finish.ts'
import { failureOf, toDispatcher } from './handler.ts'
import type { Handler } from './handler.ts'
import { hasMovedOn, keepProgress } from './keep-proof.ts'
import { withProof } from './progress.ts'
import { showRecoveryCode } from './show-step.ts'

/** One of the ten codes, in place of the authenticator (RE-01). */
export const recoveryCode: Handler = async (deps, ctx, signIn, body) => {
  const { progress, user } = signIn
  if (!signIn.helps.has('recovery_code')) {
    toDispatcher(ctx, signIn.interaction.uid)
    return
  }
  const attempt = {
    ...{ userId: user?.id ?? '', code: field(body, 'code') },
    ...{ ip: ipOf(ctx), browserToken: browserTokenOf(ctx) },
  }
  const verdict = await useRecoveryCode(deps, attempt, {
    async after(tx) {
      // Whoever has found the list can do with it what the owner can: the owner hears of it elsewhere (MF-07).
      const { userId, ip } = attempt
      const from = { ip, userAgent: ctx.get('User-Agent') }
      await tellUser({ tx, sealer: deps.sealer }, { userId, what: 'recovery_code_used', ...from })
      await keepProgress(deps, tx, signIn, withProof(progress, 'recovery_code'))
    },
  })
  if (verdict.ok) deps.onOutcome('ok', 'recovery_code')
  else if (!(await hasMovedOn(deps, ctx, signIn))) {
    showRecoveryCode(
      deps,
      ctx,
      signIn,
      failureOf(deps, 'recovery_code', verdict, text('signin:recoveryCode.wrong')),
    )
    return
  }
  toDispatcher(ctx, signIn.interaction.uid)
}
