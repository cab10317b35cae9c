// The two buttons that change tokens: /refresh and /revoke.
import type Router from '@koa/router'
import { formFor } from './forms.ts'
import type { Refusal } from './issuer.ts'
import { refresh, revoke, type RelyingParty } from './oidc.ts'
import type { Sessions, SignedIn } from './sessions.ts'

/** Adds POST /refresh and POST /revoke. */
export function tokenRoutes(
  router: Router,
  { party, sessions }: { party: RelyingParty; sessions: Sessions },
) {
  router.post(
    '/refresh',
    ...formFor(sessions, async (ctx, user) => {
      user.notice = await oneAtATime(user, () => refreshAll(party, user))
      ctx.redirect('/')
    }),
  )

  router.post(
    '/revoke',
    ...formFor(sessions, async (ctx, user) => {
      user.notice = await oneAtATime(user, () => revokeAll(party, user))
      ctx.redirect('/')
    }),
  )
}

/**
 * Trades the refresh token for a token that only the API accepts (RFC 8707 §2.2).
 * Returns what changes in the session: the API token or the refusal, and the refresh token if the issuer rotated it.
 */
export async function apiToken(
  party: RelyingParty,
  { refreshToken }: Pick<SignedIn, 'refreshToken'>,
): Promise<Pick<SignedIn, 'api' | 'refreshToken'>> {
  if (refreshToken === undefined) return { api: NO_REFRESH_TOKEN, refreshToken }
  const answer = await refresh(party, { refreshToken, resource: party.resource })
  if (!answer.ok) return { api: answer, refreshToken }
  return { api: answer.access, refreshToken: answer.refreshToken ?? refreshToken }
}

const NO_REFRESH_TOKEN: Refusal = {
  ok: false,
  reason: 'refused',
  code: 'no_refresh_token',
  detail: 'The issuer gave no refresh token, and the API token is fetched with one.',
}

async function refreshAll(party: RelyingParty, user: SignedIn): Promise<string> {
  if (user.refreshToken === undefined) return 'There is no refresh token to use.'
  const answer = await refresh(party, { refreshToken: user.refreshToken })
  if (!answer.ok) return sentence('The tokens were not refreshed', answer)
  // OIDC Core §12.2: a refreshed ID token speaks of the same person, or it is not believed.
  if (answer.claims && answer.claims.sub !== user.claims.sub) return 'The issuer answered for somebody else.'

  user.access = answer.access
  user.refreshToken = answer.refreshToken ?? user.refreshToken
  user.idToken = answer.idToken ?? user.idToken
  user.claims = answer.claims ?? user.claims
  Object.assign(user, await apiToken(party, user))
  return 'The tokens were refreshed.'
}

async function revokeAll(party: RelyingParty, user: SignedIn): Promise<string> {
  if (user.refreshToken === undefined) return 'There is no refresh token to revoke.'
  const answer = await revoke(party, user.refreshToken)
  if (!answer.ok) return sentence('Nothing was revoked', answer)
  // The dead tokens stay in the session on purpose: the page shows how every door refuses them.
  user.revokedAt = new Date()
  return 'The refresh token was revoked, and what it was good for ended with it.'
}

function sentence(what: string, refusal: Refusal): string {
  if (refusal.reason === 'unreachable') return `${what}: the issuer does not answer.`
  return `${what}: ${refusal.code}${refusal.detail ? ` (${refusal.detail})` : ''}.`
}

// An issuer that rotates refresh tokens takes two parallel uses of one for theft and ends the grant (RFC 9700 §4.14.2).
const busy = new WeakMap<SignedIn, Promise<unknown>>()

function oneAtATime<T>(user: SignedIn, work: () => Promise<T>): Promise<T> {
  const turn = (busy.get(user) ?? Promise.resolve()).then(work, work)
  busy.set(user, turn)
  return turn
}
