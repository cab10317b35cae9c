// /login sends the browser to the issuer, /callback takes it back.
import { randomBytes } from 'node:crypto'
import type Router from '@koa/router'
import type { Context } from 'koa'
import type { Refusal } from './issuer.ts'
import { beginSignIn, completeSignIn, type Attempt, type RelyingParty, type Wishes } from './oidc.ts'
import { issuerSilentPage, messagePage, refusedPage } from './pages/message.ts'
import type { BrowserSession, Sessions, SignedIn } from './sessions.ts'
import { apiToken } from './tokens.ts'

const WISHES = ['prompt', 'max_age', 'acr_values', 'scope'] as const
const MAX_ATTEMPTS = 20
const ATTEMPT_MS = 60 * 60 * 1000

/** Adds GET /login and GET /callback. */
export function signInRoutes(
  router: Router,
  { party, sessions }: { party: RelyingParty; sessions: Sessions },
) {
  router.get('/login', async (ctx) => {
    await sendToSignIn(ctx, { party, sessions }, wishesIn(ctx))
  })

  router.get('/callback', async (ctx) => {
    const session = sessions.find(ctx)
    const attempt = session && take(session, ctx)
    if (!attempt) {
      showStaleCallback(ctx, session)
      return
    }
    const signedIn = await finish(party, {
      attempt,
      callback: new URL(`/callback${ctx.search}`, party.baseUrl),
    })
    if ('ok' in signedIn) {
      showRefusal(ctx, signedIn, loginPath(attempt.wishes))
      return
    }
    sessions.renew(ctx, { user: signedIn })
    ctx.status = 303
    ctx.redirect(attempt.returnTo)
  })
}

/** Sends the browser to the issuer with these wishes; afterwards it comes to `returnTo`, an address of this app. */
export async function sendToSignIn(
  ctx: Context,
  { party, sessions }: { party: RelyingParty; sessions: Sessions },
  wishes: Wishes,
  returnTo = '/',
): Promise<void> {
  const begun = await beginSignIn(party, wishes, returnTo)
  if (!begun.ok) {
    showRefusal(ctx, begun, '/login')
    return
  }
  remember(sessions.open(ctx), begun.attempt)
  ctx.status = 303
  ctx.redirect(begun.url.href)
}

async function finish(
  party: RelyingParty,
  answer: { attempt: Attempt; callback: URL },
): Promise<SignedIn | Refusal> {
  const tokens = await completeSignIn(party, answer)
  if (!tokens.ok) return tokens
  const { claims, idToken, access } = tokens
  if (!claims || !idToken) throw new Error('the library lets no sign-in through without an ID token')
  const csrf = randomBytes(32).toString('base64url')
  return {
    csrf,
    claims,
    idToken,
    access,
    revokedAt: undefined,
    asked: answer.attempt.wishes,
    notice: undefined,
    ...(await apiToken(party, tokens)),
  }
}

/** Only these parameters pass through to the issuer; everything else in the address is ignored. */
function wishesIn(ctx: Context): Wishes {
  const wishes: Wishes = {}
  for (const name of WISHES) {
    const value = ctx.query[name]
    if (typeof value === 'string' && value !== '') wishes[name] = value
  }
  return wishes
}

function remember(session: BrowserSession, attempt: Attempt) {
  session.attempts.set(attempt.state, attempt)
  for (const [state, { startedAt }] of session.attempts) {
    if (session.attempts.size > MAX_ATTEMPTS || Date.now() - startedAt > ATTEMPT_MS)
      session.attempts.delete(state)
  }
}

/** An attempt answers one callback: taken before the first await, so a second callback finds nothing. */
function take(session: BrowserSession, ctx: Context): Attempt | undefined {
  const state = typeof ctx.query['state'] === 'string' ? ctx.query['state'] : ''
  const attempt = session.attempts.get(state)
  session.attempts.delete(state)
  return attempt && Date.now() - attempt.startedAt <= ATTEMPT_MS ? attempt : undefined
}

function loginPath(wishes: Wishes): string {
  // `prompt=none` that failed once fails again: a person who tries again wants to see the page.
  const again = new URLSearchParams(Object.entries(wishes).filter(([name]) => name !== 'prompt'))
  return again.size > 0 ? `/login?${again.toString()}` : '/login'
}

function showRefusal(ctx: Context, refusal: Refusal, again: string) {
  if (refusal.reason !== 'refused') console.error('Sample app: sign-in failed: %j', refusal)
  if (refusal.reason === 'unreachable') {
    ctx.status = 503
    ctx.set('Retry-After', '5')
    ctx.body = issuerSilentPage({ again })
    return
  }
  ctx.status = refusal.code === 'access_denied' ? 403 : 400
  ctx.body = refusedPage(refusal, { again })
}

function showStaleCallback(ctx: Context, session: BrowserSession | undefined) {
  ctx.status = 400
  ctx.body = session?.user
    ? messagePage({
        title: 'You are already signed in',
        text: 'This sign-in was completed a moment ago, so its answer cannot be used again.',
        action: { href: '/', label: 'Continue' },
      })
    : messagePage({
        title: 'This sign-in has ended',
        text: 'It was already used, took too long, or began in another browser. A new one takes a moment.',
        action: { href: '/login', label: 'Try again' },
      })
}
