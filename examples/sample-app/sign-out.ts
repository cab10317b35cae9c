// POST /logout ends this app's session first, then the issuer's; /signed-out is where the issuer sends the browser back.
import { randomBytes } from 'node:crypto'
import type Router from '@koa/router'
import { formFor } from './forms.ts'
import { signOutUrl, type RelyingParty } from './oidc.ts'
import { messagePage } from './pages/message.ts'
import type { Sessions } from './sessions.ts'

/** Adds POST /logout and GET /signed-out. */
export function signOutRoutes(
  router: Router,
  { party, sessions }: { party: RelyingParty; sessions: Sessions },
) {
  router.post(
    '/logout',
    ...formFor(sessions, async (ctx, user) => {
      const state = randomBytes(32).toString('base64url')
      sessions.renew(ctx, { logoutState: state })
      const next = await signOutUrl(party, { idToken: user.idToken, state })
      ctx.redirect(next.ok ? next.url.href : '/signed-out')
    }),
  )

  router.get('/signed-out', (ctx) => {
    const session = sessions.find(ctx)
    if (session?.user) {
      ctx.redirect('/')
      return
    }
    const expected = session?.logoutState
    const finished = expected !== undefined && ctx.query['state'] === expected
    ctx.body = messagePage({
      title: 'You are signed out',
      text: finished
        ? 'This app has forgotten you, and the issuer has finished its part.'
        : 'This app holds no session of yours. Whether the issuer still does, it did not say.',
      action: { href: '/', label: 'Back to the start' },
    })
  })
}
