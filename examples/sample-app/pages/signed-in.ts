// The page after sign-in: who you are, which tokens this app holds, what userinfo and the API answered.
import type { UserInfoResponse } from 'openid-client'
import type { Refusal } from '../issuer.ts'
import type { AccessToken } from '../oidc.ts'
import type { SignedIn } from '../sessions.ts'
import { claimsTable } from './claims.ts'
import { html, type Html } from './html.ts'
import { page } from './layout.ts'
import { ordersTable } from './orders.ts'
import { moment } from './time.ts'

/** What came of calling the API; `status` is undefined when no call was made or no answer came. */
export type ApiAnswer =
  { status: number; challenge: string; body: string } | { status: undefined; challenge: ''; reason: string }

export interface SignedInView {
  user: SignedIn
  profile: { ok: true; claims: UserInfoResponse } | Refusal
  orders: ApiAnswer
  issuer: URL
  now: Date
}

/** Shows everything the app knows, but never a token itself. */
export function signedInPage({ user, profile, orders, issuer, now }: SignedInView): string {
  const csrf = html`<input type="hidden" name="csrf" value="${user.csrf}" />`
  const email = profile.ok ? profile.claims.email : undefined
  return page({
    title: 'Signed in',
    bar: html`<form method="post" action="/logout">
      ${csrf}<span class="who">${email}</span><button class="quiet">Sign out</button>
    </form>`,
    main: html`
      <h1>${greeting(profile)}</h1>
      <p class="lead">${lead(profile, issuer)}</p>
      ${user.notice === undefined ? undefined : html`<p class="notice" role="status">${user.notice}</p>`}
      <div class="cards">
        <div>${tokensCard(user, { csrf, now })} ${profileCard(profile, now)}</div>
        <div>${apiCard(orders)} ${idTokenCard(user, now)}</div>
      </div>
    `,
  })
}

function greeting(profile: SignedInView['profile']): string {
  if (!profile.ok) return 'You are signed in'
  const name = profile.claims.name ?? profile.claims.email
  return name === undefined ? 'You are signed in' : `Hello, ${name}`
}

function lead(profile: SignedInView['profile'], issuer: URL): string {
  if (profile.ok) return `${issuer.host} vouches for you. This is all that this app knows.`
  if (profile.reason === 'unreachable') return `${issuer.host} is not answering right now.`
  return `This app still remembers you, but ${issuer.host} no longer honours its tokens.`
}

function tokensCard(user: SignedIn, { csrf, now }: { csrf: Html; now: Date }): Html {
  return html`<section class="card" id="tokens">
    <h2>Tokens</h2>
    <p>They stay on the server; your browser has only a session cookie.</p>
    <table>
      <tr>
        <th scope="row">ID token</th>
        <td>expires ${moment(new Date(user.claims.exp * 1000), now)}</td>
      </tr>
      <tr>
        <th scope="row">For userinfo</th>
        <td>${expiry(user.access, now)}</td>
      </tr>
      <tr>
        <th scope="row">For the API</th>
        <td>${'ok' in user.api ? html`none: ${user.api.detail || user.api.code}` : expiry(user.api, now)}</td>
      </tr>
      <tr>
        <th scope="row">Refresh token</th>
        <td>${refreshTokenState(user, now)}</td>
      </tr>
    </table>
    ${user.refreshToken === undefined ? undefined : tokenButtons(user, csrf)}
  </section>`
}

function tokenButtons({ revokedAt }: SignedIn, csrf: Html): Html {
  const revoke = html`<form method="post" action="/revoke">
    ${csrf}<button class="danger">Revoke</button>
  </form>`
  return html`<div class="buttons">
    <form method="post" action="/refresh">${csrf}<button>Refresh</button></form>
    ${revokedAt ? undefined : revoke}
  </div>`
}

// Some issuers give a refresh token only with offline_access, and that only with fresh consent (OIDC Core §11).
const OFFLINE = '/login?prompt=consent&scope=openid+email+profile+offline_access+orders:read'

function expiry({ expiresAt, scope }: AccessToken, now: Date): Html {
  const when = expiresAt ? html`expires ${moment(expiresAt, now)}` : html`no expiry told`
  return html`${when}<br /><code>${scope || 'scope not told'}</code>`
}

function refreshTokenState(user: SignedIn, now: Date): Html {
  if (user.refreshToken === undefined) return html`none, <a href="${OFFLINE}">ask for one</a>`
  if (user.revokedAt) return html`<span class="chip bad">revoked</span> ${moment(user.revokedAt, now)}`
  return html`held`
}

function apiCard(orders: ApiAnswer): Html {
  const body =
    orders.status === undefined
      ? html`<p>${orders.reason}</p>`
      : orders.status === 200
        ? ordersTable(orders.body)
        : html`<p>The API turned this app away and said why:</p>
            <pre>${orders.challenge || orders.body}</pre>`
  return html`<section class="card" id="api" data-status="${orders.status ?? 'none'}">
    <h2>Sample API ${chip(orders.status === 200, orders.status?.toString() ?? 'no call')}</h2>
    <p><code>GET /api/orders</code> with the API token, asked just now.</p>
    ${body}
    <p><a href="/invoices">See your invoices</a>: for these the API wants two factors, shown just now.</p>
  </section>`
}

function idTokenCard(user: SignedIn, now: Date): Html {
  return html`<section class="card" id="id-token">
    <h2>ID token</h2>
    <p>What the issuer signed about this sign-in.</p>
    ${claimsTable(user.claims, now)}
  </section>`
}

function profileCard(profile: SignedInView['profile'], now: Date): Html {
  const body = profile.ok ? claimsTable(profile.claims, now) : refusalText(profile)
  return html`<section class="card" id="userinfo" data-status="${profile.ok ? 'ok' : profile.code}">
    <h2>Userinfo ${chip(profile.ok, profile.ok ? '200' : profile.reason)}</h2>
    <p>What your approval opens, asked just now.</p>
    ${body}
  </section>`
}

function refusalText({ reason, code, detail }: Refusal): Html {
  const why = html`<pre>${code}${detail ? `: ${detail}` : ''}</pre>`
  if (reason !== 'refused') return why
  return html`<p>The issuer turned this app away and said why:</p>
    ${why}
    <p><a href="/login">Sign in again</a> to get fresh tokens.</p>`
}

function chip(good: boolean, text: string): Html {
  return html`<span class="chip ${good ? 'good' : 'bad'}">${text}</span>`
}
