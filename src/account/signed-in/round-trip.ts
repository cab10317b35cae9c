import type { Context } from 'koa'
import { z } from 'zod'
import { ACCOUNT_CALLBACK, ACCOUNT_PAGES } from '../../clients/index.ts'
import { ownCookie } from '../../http/index.ts'
import { digest, mac, randomSecret, sameBytes } from '../../crypto/index.ts'
import type { AccountDeps } from '../deps.ts'
import { isNotice, leaveNotice } from './notice.ts'
import type { Notice } from './notice.ts'
import { FRESH_SECONDS } from './visitor.ts'
import type { Visitor } from './visitor.ts'

/** Time enough for a sign-in with everything lost and found again. */
const STATE_SECONDS = 30 * 60
const LONGEST_SEARCH = 200
const LONGEST_ADDRESS = 1000

const cookie = ownCookie('cardea_account')
const returned = ownCookie('cardea_returned', { path: '/account' })
/** Time enough for a redirect. */
const RETURNED_SECONDS = 60

export type Leave = {
  /** The page to come back to: one of ours, as its own address has it. */
  to: string
  /** What to say there: that a form was not sent yet. */
  notice?: Notice
  /** Who is to prove once more who they are; null when nobody is signed in. */
  visitor: Visitor | null
}

/**
 * Sends the browser to sign in, as the client that these pages are, and back to the page it asked for. Where it goes back to is in the
 * state, under our MAC and for this browser alone (RFC 6749 section 10.12). The code that comes back proves nothing that the session's
 * cookie does not, and is left: its PKCE verifier was never kept and the client has no secret, so nobody can get a token for it.
 */
export function leaveToSignIn({ keys, issuer }: AccountDeps, ctx: Context, leave: Leave): void {
  const { user } = leave.visitor ?? {}
  const { language } = ctx.state
  const params = {
    client_id: ACCOUNT_PAGES,
    response_type: 'code',
    redirect_uri: `${issuer}${ACCOUNT_CALLBACK}`,
    scope: 'openid',
    state: stateFor(keys, browserSecret(ctx), leave),
    code_challenge: digest(randomSecret()).toString('base64url'),
    code_challenge_method: 'S256',
    // Asked anew even if a clock says otherwise: a page that sends on what comes back at once would lead in circles.
    ...(user ? { prompt: 'login', max_age: String(FRESH_SECONDS), login_hint: user.email } : {}),
    ui_locales: language,
  }
  ctx.status = 303
  ctx.redirect(`/authorize?${new URLSearchParams(params).toString()}`)
}

/** Where a browser goes that comes back with this state: the page it left, with what is to be said there; null for a state not its own. */
export function comeBack(
  { keys }: Pick<AccountDeps, 'keys'>,
  ctx: Context,
  state: unknown,
): { to: string } | null {
  const secret = cookie.get(ctx)
  if (secret === undefined || typeof state !== 'string') return null
  const left = readState(keys, secret, state)
  if (!left) return null
  if (isNotice(left.notice)) leaveNotice(ctx, left.notice)
  if (left.again === true) returned.set(ctx, 'yes', { seconds: RETURNED_SECONDS })
  return { to: left.to }
}

/**
 * Whether this browser has just come back from proving anew who its user is; said once. If that is not fresh enough to us, it will not be
 * the next time either: the clocks of two instances are far apart, or what the sign-in asks for is less than these pages do.
 */
export function hasJustReturned(ctx: Context): boolean {
  if (returned.get(ctx) === undefined) return false
  returned.clear(ctx)
  return true
}

/** The address of the page that is being asked for, to come back to; without its search when that is long. */
export function addressOf(ctx: Context): string {
  return ctx.search.length > LONGEST_SEARCH ? ctx.path : `${ctx.path}${ctx.search}`
}

/** What no page of ours is called by is not carried about: the way back is then to the start of the account. */
function bounded(to: string): string {
  return to.length > LONGEST_ADDRESS ? '/account' : to
}

const stateSchema = z.strictObject({
  to: z.string(),
  notice: z.string().optional(),
  at: z.int(),
  again: z.boolean().optional(),
})

function stateFor(keys: readonly Buffer[], secret: string, { to, notice, visitor }: Leave): string {
  const [newest] = keys
  if (!newest) throw new Error('a state needs a key')
  const at = Math.floor(Date.now() / 1000)
  const content = Buffer.from(
    JSON.stringify({ to: bounded(to), notice, at, again: visitor !== null }),
  ).toString('base64url')
  return `${content}.${mac(newest, 'account-state', secret, content)}`
}

function readState(
  keys: readonly Buffer[],
  secret: string,
  state: string,
): z.infer<typeof stateSchema> | null {
  const [content = '', code = ''] = state.split('.')
  const genuine = keys.some((key) =>
    sameBytes(Buffer.from(code), Buffer.from(mac(key, 'account-state', secret, content))),
  )
  if (!genuine) return null
  const left = stateSchema.parse(JSON.parse(Buffer.from(content, 'base64url').toString()))
  return Math.floor(Date.now() / 1000) - left.at <= STATE_SECONDS ? left : null
}

/** One for all tabs of a browser, so that each finds its own way back. */
function browserSecret(ctx: Context): string {
  const secret = cookie.get(ctx) ?? randomSecret()
  cookie.set(ctx, secret, { seconds: STATE_SECONDS })
  return secret
}
