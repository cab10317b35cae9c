import { field } from '../../http/index.ts'
import { text } from '../../language/index.ts'
import type { Text } from '../../language/index.ts'
import { passkeyRegistrationOptions, verifyPasskeyRegistration } from '../../users/index.ts'
import type { Context } from 'koa'
import type { AccountDeps } from '../deps.ts'
import { userAgentOf } from './changes.ts'
import { goOn } from './frame.ts'
import type { Act, Show } from './frame.ts'
import { withNewFactor } from './new-factor.ts'
import { show } from './show.ts'
import type { Visitor } from './visitor.ts'

const SECURITY = '/account/security'
const HERE = `${SECURITY}/add-passkey`

export const showAddPasskey: Show = (deps, ctx, visitor) => page(deps, ctx, visitor)

/** What the browser made: checked against the challenge of this very session, and kept as one more of the user's. */
export const addPasskey: Act = async (deps, ctx, visitor, form) => {
  const { database, passkeySite: site, keys, sealer } = deps
  if (!site) {
    goOn(ctx, SECURITY)
    return
  }
  const { around, goOnTo } = withNewFactor(deps, ctx, visitor, { form, reason: 'passkey_added' })
  const verdict = await verifyPasskeyRegistration(
    { database, site, keys, sealer },
    {
      ...{ userId: visitor.user.id, binding: visitor.session.uid, response: field(form, 'response') },
      ...{ name: field(form, 'name'), ip: ctx.state.ip, userAgent: userAgentOf(ctx) },
    },
    around,
  )
  if (!verdict.ok) {
    await page(deps, ctx, visitor, words[verdict.reason])
    return
  }
  goOnTo(SECURITY, 'passkeyAdded')
}

const words: Record<'refused' | 'taken' | 'too_many' | 'name_invalid', Text> = {
  refused: text('account:self.passkey.refused'),
  taken: text('account:self.passkey.taken'),
  too_many: text('account:self.passkey.tooMany'),
  name_invalid: text('account:self.factor.nameInvalid'),
}

async function page(deps: AccountDeps, ctx: Context, visitor: Visitor, problem?: Text): Promise<void> {
  const { database, passkeySite: site, keys } = deps
  const { user, session } = visitor
  const asked = { userId: user.id, binding: session.uid }
  const options = site && (await passkeyRegistrationOptions({ db: database.prisma, site, keys }, asked))
  if (!options) {
    goOn(ctx, SECURITY)
    return
  }
  ctx.state.scripts = true
  ctx.state.here = HERE
  show(deps, ctx, visitor, 'account/passkey-add', { action: HERE, options, problem })
}
