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
/**
 * Who left to prove anew who they are, or to choose another account, and who just came back from the first. Beside the state: what an
 * earlier version finds in there and does not know it takes for a mistake of its own, and an update runs both.
 */
const proof = ownCookie('cardea_proof', { path: '/account' })
const BACK = 'back'

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
export function leaveToSignIn(deps: AccountDeps, ctx: Context, leave: Leave): void {
  const { user } = leave.visitor ?? {}
  const state = stateFor(deps.keys, browserSecret(ctx), leave)
  if (user) proof.set(ctx, nameOf(state), { seconds: STATE_SECONDS })
  // Asked anew even if a clock says otherwise: a page that sends on what comes back at once would lead in circles.
  const anew = user ? { prompt: 'login', max_age: String(FRESH_SECONDS), login_hint: user.email } : {}
  toAuthorize(deps, ctx, { state, ...anew })
}

/**
 * Sends the browser to the page on which people choose as whom they go on, and then to the start of that account: the same round trip,
 * which signs nobody out. Whom it concerns the session's cookie says when it comes back.
 */
export function leaveToSwitch(deps: AccountDeps, ctx: Context): void {
  const state = stateFor(deps.keys, browserSecret(ctx), { to: '/account', visitor: null })
  proof.set(ctx, switching(state), { seconds: STATE_SECONDS })
  toAuthorize(deps, ctx, { state, prompt: 'select_account' })
}

function toAuthorize({ issuer }: AccountDeps, ctx: Context, asked: Record<string, string>): void {
  const params = {
    client_id: ACCOUNT_PAGES,
    response_type: 'code',
    redirect_uri: `${issuer}${ACCOUNT_CALLBACK}`,
    scope: 'openid',
    code_challenge: digest(randomSecret()).toString('base64url'),
    code_challenge_method: 'S256',
    ui_locales: ctx.state.language,
    ...asked,
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
  if (proof.get(ctx) === nameOf(state)) proof.set(ctx, BACK, { seconds: FRESH_SECONDS })
  return { to: left.to }
}

/** Whether this browser left with this state to choose another account, not for a sign-in or to prove anew who its user is. */
export function leftToSwitch(ctx: Context, state: unknown): boolean {
  return typeof state === 'string' && proof.get(ctx) === switching(state)
}

/**
 * Whether this browser has just come back from proving anew who its user is; said once. If that is not fresh enough to us, it will not be
 * the next time either: the clocks of two instances are far apart, or what the sign-in asks for is less than these pages do.
 */
export function hasJustReturned(ctx: Context): boolean {
  if (proof.get(ctx) !== BACK) return false
  proof.clear(ctx)
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

// What a later version adds is no concern of this one.
const stateSchema = z.object({ to: z.string(), notice: z.string().optional(), at: z.int() })

function stateFor(keys: readonly Buffer[], secret: string, { to, notice }: Leave): string {
  const [newest] = keys
  if (!newest) throw new Error('a state needs a key')
  const at = Math.floor(Date.now() / 1000)
  const content = Buffer.from(JSON.stringify({ to: bounded(to), notice, at })).toString('base64url')
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
  const { data: left } = stateSchema.safeParse(JSON.parse(Buffer.from(content, 'base64url').toString()))
  return left && Math.floor(Date.now() / 1000) - left.at <= STATE_SECONDS ? left : null
}

/** What is remembered of the state that somebody left with: another window may leave too, and comes back with its own. */
function nameOf(state: string): string {
  return digest(state).toString('base64url')
}

/** The same for somebody who left to choose another account. */
function switching(state: string): string {
  return `switch.${nameOf(state)}`
}

/** One for all tabs of a browser, so that each finds its own way back. */
function browserSecret(ctx: Context): string {
  const secret = cookie.get(ctx) ?? randomSecret()
  cookie.set(ctx, secret, { seconds: STATE_SECONDS })
  return secret
}
