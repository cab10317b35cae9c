// GET /: a welcome, or everything this app learned. Userinfo and the API are asked anew on every visit,
// so a revocation at the issuer shows on the next reload.
import type Router from '@koa/router'
import type { Refusal } from './issuer.ts'
import { userinfo, type AccessToken, type RelyingParty } from './oidc.ts'
import { signedInPage, type ApiAnswer } from './pages/signed-in.ts'
import { welcomePage } from './pages/welcome.ts'
import type { Sessions } from './sessions.ts'

/** Adds GET /. */
export function homeRoutes(
  router: Router,
  { party, sessions, issuer }: { party: RelyingParty; sessions: Sessions; issuer: URL },
) {
  router.get('/', async (ctx) => {
    const user = sessions.find(ctx)?.user
    if (!user) {
      ctx.body = welcomePage({ issuer })
      return
    }
    const [profile, orders] = await Promise.all([
      userinfo(party, { accessToken: user.access.value, subject: user.claims.sub }),
      callApi(new URL('/api/orders', party.baseUrl), user.api),
    ])
    ctx.body = signedInPage({ user, profile, orders, issuer, now: new Date() })
    user.notice = undefined
  })
}

/** Calls the API as any HTTP client would: the token goes in the Authorization header (RFC 6750 §2.1). */
export async function callApi(url: URL, token: AccessToken | Refusal): Promise<ApiAnswer> {
  if ('ok' in token) return { status: undefined, challenge: '', reason: token.detail || token.code }
  try {
    const headers = { Authorization: `Bearer ${token.value}` }
    const response = await fetch(url, { headers, redirect: 'error', signal: AbortSignal.timeout(5000) })
    const challenge = response.headers.get('WWW-Authenticate') ?? ''
    return { status: response.status, challenge, body: await response.text() }
  } catch (error) {
    return { status: undefined, challenge: '', reason: error instanceof Error ? error.message : 'no answer' }
  }
}
