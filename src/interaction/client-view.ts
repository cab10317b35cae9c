import type { Context } from 'koa'
import { ACCOUNT_PAGES, findClient, logoAddress } from '../clients/index.ts'
import type { StoredClient } from '../clients/index.ts'
import { isLoopback } from '../config/index.ts'
import type { Db } from '../db/index.ts'
import { ownCookie } from '../http/index.ts'
import type { ClientView } from '../http/index.ts'

/** The app that asks, with the address of its logo here, if there is one. */
export type AskingClient = StoredClient & { logo?: string | undefined }

/** What a page tells about the app that asks. */
export function clientView({ id, name, metadata, logo }: AskingClient): ClientView {
  return {
    ...{ id, name, uri: metadata.client_uri, policyUri: metadata.policy_uri, tosUri: metadata.tos_uri },
    ...(logo !== undefined && { logoUri: logo }),
  }
}

/** The same, but for the account pages: they are ours, so nobody is on the way to an app, and their name would be in one language. */
export function askerView(client: AskingClient): ClientView | undefined {
  return client.id === ACCOUNT_PAGES ? undefined : clientView(client)
}

/** The client as its pages show it, or null. */
export async function findAskingClient(db: Db, id: string): Promise<AskingClient | null> {
  const client = await findClient(db, id)
  return client && { ...client, logo: await logoAddress(db, client) }
}

/** Where a person can begin anew at the app: what it registered for that, else its front door. */
export function startAgainUri({ metadata }: StoredClient): string | undefined {
  const uri = metadata.initiate_login_uri ?? metadata.client_uri
  if (uri !== undefined) return uri
  const front = URL.parse(metadata.redirect_uris[0] ?? '')
  // A program on the person's own machine listens there while somebody signs in, and at a port of its own (RFC 8252 section 7.3).
  if (metadata.application_type === 'native' && isLoopback(front?.hostname ?? '')) return undefined
  return front?.protocol.startsWith('http') ? `${front.origin}/` : undefined
}

const COOKIE_SECONDS = 3600
const cookie = ownCookie('cardea_client')

/**
 * Remembers, in a signed cookie, for which app this browser set out: an expired sign-in is gone from the server, and its page
 * shall still lead back to where the person came from.
 */
export function rememberClient(ctx: Context, clientId: string): void {
  cookie.set(ctx, Buffer.from(clientId).toString('base64url'), { seconds: COOKIE_SECONDS })
}

/** The app remembered, if it is still registered. Never throws: it only makes an error page friendlier. */
export async function recallClient(ctx: Context, db: Db): Promise<StoredClient | null> {
  try {
    const value = cookie.get(ctx)
    return value === undefined ? null : await findClient(db, Buffer.from(value, 'base64url').toString())
  } catch {
    return null
  }
}

/** Where this browser came from, to begin a sign-in anew there; null when it came from nowhere that is known. */
export async function wayToApp(
  ctx: Context,
  db: Db,
): Promise<{ client: ClientView | undefined; uri: string } | null> {
  const client = await recallClient(ctx, db)
  const uri = client && startAgainUri(client)
  return client && uri ? { client: askerView(client), uri } : null
}
