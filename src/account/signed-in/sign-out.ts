import type { Context } from 'koa'
import { revoke } from '../../oidc/index.ts'
import type { AccountDeps } from '../deps.ts'
import type { Act } from './frame.ts'
import { goOn } from './frame.ts'
import { byVisitor } from './visitor.ts'

/** Signs out in this browser: its session ends, and with it what is not allowed while one is away. Other accounts here stay. */
export const signOut: Act = async (deps, ctx, visitor) => {
  const { uid: sessionUid } = visitor.session
  await deps.database.transaction((tx) =>
    revoke(tx, { sessionUid, keepOffline: true }, { reason: 'signed_out', ...byVisitor(ctx, visitor) }),
  )
  await forgetSession(deps, ctx)
  goOn(ctx, '/account/signed-out')
}

/** Takes the cookie of the session that has ended out of this browser; what other accounts wait in it stays. */
export async function forgetSession({ oidc }: AccountDeps, ctx: Context): Promise<void> {
  const { parked } = await oidc.browserAccounts(ctx)
  await oidc.arrangeAccounts(ctx, { current: null, parked: parked.map(({ sessionUid }) => sessionUid) })
}
