import { randomUUID } from 'node:crypto'
import { Provider } from 'oidc-provider'
import type { Client } from 'oidc-provider'
import { addWrite, unitOfWork } from './store/unit-of-work.ts'

const EVENT = 'http://schemas.openid.net/event/backchannel-logout'

/** What the engine calls on a client that is to be told, and its published types leave out. */
type Told = Client & { backchannelLogout(userId: string, sid: string | undefined): Promise<void> }

/**
 * Takes sending away from the engine, which would do it inside the sign-out and only once: a logout notice is a row, written with
 * what it tells of and delivered by the events room (OpenID Connect Back-Channel Logout 1.0).
 */
export function queueLogoutNotices({ Client }: Pick<Provider, 'Client'>): void {
  const prototype = Client.prototype as Told
  // Who is told of the end of a session must know it by name, whether it insists on the name or not (section 2.4).
  prototype.includeSid = function includeSid() {
    return this.backchannelLogoutUri !== undefined
  }
  prototype.backchannelLogout = function backchannelLogout(userId, sid) {
    const ctx = Provider.ctx
    const work = unitOfWork(ctx)
    // Ending the session tells everybody who took part in it (revoke_session); here one client is left alone.
    if (work && !ctx?.oidc.params?.['logout'])
      addWrite(work, { do: 'tell_client', clientId: this.clientId, userId, sid: sid ?? null })
    return Promise.resolve()
  }
}

/** Whom to tell of what: a user at a client, and the session by the name the client knows it by. */
export type LogoutNotice = { clientId: string; userId: string; sid: string | null }

/**
 * A fresh logout token for one relying party, and where it goes (section 2.4): typ logout+jwt, for two minutes, signed like its
 * ID tokens with the key that signs now. Null when the client is gone, disabled, or has no address for it any more.
 */
export async function logoutRequest(
  { Client, IdToken }: Pick<Provider, 'Client' | 'IdToken'>,
  { clientId, userId, sid }: LogoutNotice,
): Promise<{ url: URL; token: string } | null> {
  const client = await Client.find(clientId)
  if (client?.backchannelLogoutUri === undefined) return null
  const token = Object.assign(new IdToken({ sub: userId }, { client }), { mask: { sub: null } })
  token.set('jti', randomUUID())
  token.set('events', { [EVENT]: {} })
  if (sid !== null) token.set('sid', sid)
  return { url: new URL(client.backchannelLogoutUri), token: await token.issue({ use: 'logout' }) }
}
