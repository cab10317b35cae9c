// GET /invoices: an API that wants a stronger or a fresher sign-in says so (RFC 9470), and this app fetches one, once.
// Coming back with what was asked for and being asked again would go on for ever: then the page says so, and the person decides.
import type Router from '@koa/router'
import { callApi } from './home.ts'
import type { RelyingParty, Wishes } from './oidc.ts'
import { invoicesPage, stillRefusedPage } from './pages/invoices.ts'
import type { Sessions } from './sessions.ts'
import { sendToSignIn } from './sign-in.ts'

/** Adds GET /invoices. */
export function invoiceRoutes(
  router: Router,
  { party, sessions }: { party: RelyingParty; sessions: Sessions },
) {
  router.get('/invoices', async (ctx) => {
    const user = sessions.find(ctx)?.user
    if (!user) {
      await sendToSignIn(ctx, { party, sessions }, {}, '/invoices')
      return
    }
    const answer = await callApi(new URL('/api/invoices', party.baseUrl), user.api)
    // What was good once may be asked for again when it has grown old.
    if (answer.status === 200) user.asked = {}
    const wishes = answer.status === 401 ? stepUpWishes(answer.challenge) : null
    if (!wishes) {
      ctx.body = invoicesPage(answer)
      return
    }
    const isAnewAsked = ctx.query['again'] !== undefined
    if (!isAnewAsked && wasAskedFor(user.asked, wishes)) {
      ctx.body = stillRefusedPage({ again: '/invoices?again' })
      return
    }
    // Whoever tries again may want to show something else: they are asked, however well they are signed in.
    const wanted = isAnewAsked ? { ...wishes, prompt: 'login' } : wishes
    await sendToSignIn(ctx, { party, sessions }, wanted, '/invoices')
  })
}

function wasAskedFor(asked: Wishes, wanted: Wishes): boolean {
  return asked.acr_values === wanted.acr_values && asked.max_age === wanted.max_age
}

/** What an API's challenge asks the next authorization request to carry (RFC 9470 section 4), or null when it asks for something else. */
function stepUpWishes(challenge: string): Wishes | null {
  const parameters = new Map(
    [...challenge.matchAll(/([a-z_]+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value]),
  )
  if (parameters.get('error') !== 'insufficient_user_authentication') return null
  const [acrValues, maxAge] = [parameters.get('acr_values'), parameters.get('max_age')]
  return {
    ...(acrValues === undefined ? {} : { acr_values: acrValues }),
    ...(maxAge === undefined ? {} : { max_age: maxAge }),
  }
}
