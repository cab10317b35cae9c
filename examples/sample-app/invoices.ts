// GET /invoices: an API that wants a stronger or a fresher sign-in says so (RFC 9470), and this app fetches one, once.
import type Router from '@koa/router'
import { callApi } from './home.ts'
import type { RelyingParty, Wishes } from './oidc.ts'
import { invoicesPage } from './pages/invoices.ts'
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
    const wishes = answer.status === 401 ? stepUpWishes(answer.challenge) : null
    // Coming back from a sign-in for it and being asked again would go on for ever: then the refusal is shown.
    const isSecondTime = ctx.query['again'] !== undefined
    if (wishes && !isSecondTime) await sendToSignIn(ctx, { party, sessions }, wishes, '/invoices?again')
    else ctx.body = invoicesPage(answer)
  })
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
