import * as client from 'openid-client'
import { ADMIN_API, COMMAND_LINE } from '../../clients/index.ts'
import { Refusal } from '../refusal.ts'
import type { Terminal } from '../terminal.ts'
import { readCredentials, writeCredentials } from './credentials.ts'
import type { SignIn } from './credentials.ts'
import { connectIssuer, issuerTrouble, oauthErrorOf } from './issuer.ts'
import { withLock } from './lock.ts'

/** A token this near its end is renewed before it is used. */
const MARGIN_MS = 15_000

type Granted = client.TokenEndpointResponse & client.TokenEndpointResponseHelpers

/** What is kept of the issuer's answer. A refresh token that is not replaced stays (RFC 6749 section 6). */
export function signInOf(granted: Granted, before: Pick<SignIn, 'issuer'> & Partial<SignIn>): SignIn {
  const refresh_token = granted.refresh_token ?? before.refresh_token
  return {
    issuer: before.issuer,
    client_id: COMMAND_LINE,
    subject: granted.claims()?.sub ?? before.subject ?? '',
    scope: granted.scope ?? before.scope ?? '',
    access_token: granted.access_token,
    expires_at: new Date(Date.now() + (granted.expires_in ?? 60) * 1000).toISOString(),
    ...(refresh_token !== undefined && { refresh_token }),
  }
}

/** Keeps a new sign-in, and makes its API the one that is meant when none is named. */
export function keepSignIn(terminal: Terminal, api: string, signIn: SignIn): Promise<void> {
  return withLock(terminal, () => {
    const { apis } = readCredentials(terminal)
    writeCredentials(terminal, { current: api, apis: { ...apis, [api]: signIn } })
    return Promise.resolve()
  })
}

/** Forgets the sign-in at an API, if it still is this one. To be called under the lock. */
export function forget(terminal: Terminal, api: string): void {
  const { current, apis } = readCredentials(terminal)
  const others = Object.fromEntries(Object.entries(apis).filter(([address]) => address !== api))
  writeCredentials(terminal, { ...(current !== undefined && current !== api && { current }), apis: others })
}

/**
 * The person's sign-in with an access token that should be good; `rejected` is one that the API just refused. Refreshes under the
 * lock, and looks there first whether another command already did. Throws a Refusal when there is no sign-in, or no longer.
 */
export async function currentSignIn(terminal: Terminal, api: string, rejected?: string): Promise<SignIn> {
  const kept = find(terminal, api)
  if (isUsable(kept, rejected)) return kept
  return withLock(terminal, async () => {
    const now = find(terminal, api)
    if (isUsable(now, rejected)) return now
    const renewed = await refresh(terminal, api, now)
    const credentials = readCredentials(terminal)
    writeCredentials(terminal, { ...credentials, apis: { ...credentials.apis, [api]: renewed } })
    return renewed
  })
}

async function refresh(terminal: Terminal, api: string, before: SignIn): Promise<SignIn> {
  if (before.refresh_token === undefined) throw ended(terminal, api)
  const configuration = await connectIssuer(before.issuer, before.client_id, client.None())
  try {
    const granted = await client.refreshTokenGrant(configuration, before.refresh_token, {
      resource: ADMIN_API,
    })
    return signInOf(granted, before)
  } catch (error) {
    // Only the issuer's own word ends a sign-in; trouble on the way there does not.
    throw oauthErrorOf(error) === 'invalid_grant' ? ended(terminal, api) : issuerTrouble(before.issuer, error)
  }
}

function isUsable({ access_token, expires_at }: SignIn, rejected: string | undefined): boolean {
  return access_token !== rejected && Date.parse(expires_at) > Date.now() + MARGIN_MS
}

function find(terminal: Terminal, api: string): SignIn {
  const kept = readCredentials(terminal).apis[api]
  if (!kept)
    throw new Refusal('not_signed_in', `You are not signed in at ${api}. Run: cardea login${at(api)}`)
  return kept
}

function ended(terminal: Terminal, api: string): Refusal {
  forget(terminal, api)
  return new Refusal('not_signed_in', `Your sign-in at ${api} has ended. Run: cardea login${at(api)}`)
}

function at(api: string): string {
  return api === 'http://127.0.0.1:3001' ? '' : ` --api ${api}`
}
