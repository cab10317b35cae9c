import { beginTotpEnrolment } from '../users/index.ts'
import type { TotpEnrolment } from '../users/index.ts'
import type { InteractionDeps } from './deps.ts'
import { keepProgress } from './keep-proof.ts'
import type { SignIn } from './sign-in.ts'

/**
 * Starts the enrolment of an authenticator for this sign-in; reloading the page shows the same secret until it is confirmed. Throws as
 * `keepProgress` does.
 */
export async function newEnrolment(deps: InteractionDeps, signIn: SignIn): Promise<TotpEnrolment> {
  const { progress, user } = signIn
  if (!user) throw new Error('an enrolment without a user')
  return deps.database.transaction(async (tx) => {
    const enrolment = await beginTotpEnrolment(
      { db: tx, sealer: deps.sealer },
      { userId: user.id, issuer: deps.issuerName, account: user.email },
    )
    await keepProgress(deps, tx, signIn, { ...progress, enrolling: enrolment.credentialId })
    return enrolment
  })
}
