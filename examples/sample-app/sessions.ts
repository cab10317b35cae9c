// Who a browser is to this app: kept in memory under a random id, which travels in a signed, HttpOnly cookie.
// An app of yours keeps sessions where all its processes can see them; the shape stays the same.
import { randomBytes } from 'node:crypto'
import type { Context } from 'koa'
import type { IDToken } from 'openid-client'
import type { Refusal } from './issuer.ts'
import type { AccessToken, Attempt, Wishes } from './oidc.ts'

/** A signed-in user with the tokens that this app holds for them. Tokens never reach the browser. */
export interface SignedIn {
  csrf: string
  claims: IDToken & { sub: string }
  idToken: string
  access: AccessToken
  api: AccessToken | Refusal
  refreshToken: string | undefined
  revokedAt: Date | undefined
  /** What this sign-in was asked to be; an API that wants just that and still says no would say no again. */
  asked: Wishes
  /** One sentence about what the last button did; shown once. */
  notice: string | undefined
}

export interface BrowserSession {
  /** Sign-ins under way by `state`: one per tab. */
  attempts: Map<string, Attempt>
  user: SignedIn | undefined
  /** The `state` of a logout under way. */
  logoutState: string | undefined
  openedAt: number
}

export interface Sessions {
  find: (ctx: Context) => BrowserSession | undefined
  open: (ctx: Context) => BrowserSession
  /** Starts over under a new id, so an id known before sign-in or sign-out is worth nothing after it. */
  renew: (ctx: Context, next: Partial<Pick<BrowserSession, 'user' | 'logoutState'>>) => void
}

const MAX_AGE_MS = 12 * 60 * 60 * 1000
const MAX_SESSIONS = 10_000

/** Makes the session store; `secure` says whether browsers reach the app over https. */
export function createSessions({ secure }: { secure: boolean }): Sessions {
  const sessions = new Map<string, BrowserSession>()
  const cookie = secure ? '__Host-sample_session' : 'sample_session'

  const idOf = (ctx: Context) => ctx.cookies.get(cookie, { signed: true }) ?? ''

  const find = (ctx: Context) => {
    const session = sessions.get(idOf(ctx))
    return session && Date.now() - session.openedAt < MAX_AGE_MS ? session : undefined
  }

  const add = (ctx: Context, session: BrowserSession) => {
    const id = randomBytes(32).toString('base64url')
    sessions.set(id, session)
    for (const oldest of sessions.keys()) {
      if (sessions.size <= MAX_SESSIONS) break
      sessions.delete(oldest)
    }
    // TLS ends at the proxy in front, which this app believes because SAMPLE_BASE_URL says so.
    ctx.cookies.secure = secure
    ctx.cookies.set(cookie, id, { signed: true, httpOnly: true, sameSite: 'lax', secure, overwrite: true })
    return session
  }

  const open = (ctx: Context) => find(ctx) ?? add(ctx, emptySession())

  return {
    find,
    open,
    renew: (ctx, next) => {
      const attempts = find(ctx)?.attempts
      sessions.delete(idOf(ctx))
      add(ctx, { ...emptySession(), ...(attempts ? { attempts } : {}), ...next })
    },
  }
}

function emptySession(): BrowserSession {
  return { attempts: new Map(), user: undefined, logoutState: undefined, openedAt: Date.now() }
}
