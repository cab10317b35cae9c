import { forgetTrustedBrowser, forgetTrustedBrowsers, listTrustedBrowsers } from '../../users/index.ts'
import { browserTokenOf } from '../../oidc/index.ts'
import { goOn, segment } from './frame.ts'
import type { Act, Show } from './frame.ts'
import { deviceView } from './sessions.ts'
import { show } from './show.ts'
import { byVisitor, changeAs } from './visitor.ts'

const HERE = '/account/security/browsers'

/** The browsers this person has signed in from: which are known, and which skip the second factor until when. */
export const showBrowsers: Show = async (deps, ctx, visitor) => {
  const whose = { userId: visitor.user.id, token: browserTokenOf(ctx) }
  const browsers = await listTrustedBrowsers(deps.database.prisma, whose)
  show(deps, ctx, visitor, 'account/browsers', {
    browsers: browsers.map(({ id, lastUsedAt, skipsFactorUntil, current, ...browser }) => ({
      ...{ id, lastUsedAt, skipsFactorUntil, current },
      device: deviceView(deps, ctx, browser),
    })),
  })
}

export const forgetBrowser: Act = async (deps, ctx, visitor) => {
  const named = { userId: visitor.user.id, id: segment(ctx, 'id') }
  const isForgotten = await changeAs(deps, visitor, (tx) =>
    forgetTrustedBrowser(tx, named, byVisitor(ctx, visitor)),
  )
  goOn(ctx, HERE, isForgotten ? 'browserForgotten' : 'gone')
}

export const forgetBrowsers: Act = async (deps, ctx, visitor) => {
  await changeAs(deps, visitor, (tx) => forgetTrustedBrowsers(tx, visitor.user.id, byVisitor(ctx, visitor)))
  goOn(ctx, HERE, 'browsersForgotten')
}
