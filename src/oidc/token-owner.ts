import type { Client, KoaContextWithOIDC } from 'oidc-provider'
import { unitOfWork } from './store/unit-of-work.ts'

/** What decides about a token, however it is written. */
type Introspected = { kind: string; clientId?: string | undefined; accountId?: string; aud?: unknown }

/**
 * Who may see a token (RFC 7662 section 4): the client it was issued to, and the API it is for. To everyone else it does
 * not exist. A token of a user who is disabled, or of a client that is gone, is not active for anyone.
 */
export async function mayIntrospect(
  ctx: KoaContextWithOIDC,
  client: Client,
  token: Introspected,
): Promise<boolean> {
  // Anybody can call themselves a public client; how it is told is exact-answers.ts' business.
  if (client.clientAuthMethod === 'none') return false
  const isOwner = token.clientId === client.clientId
  const isAudience = isForResource(token) && unitOfWork(ctx)?.audienceClientId === client.clientId
  if (!isOwner && !isAudience) return false
  if (token.kind === 'RefreshToken' && !isOwner) return false
  if (!isOwner && !(token.clientId && (await ctx.oidc.provider.Client.find(token.clientId)))) return false
  if (!('accountId' in token) || !token.accountId) return true
  return unitOfWork(ctx)?.users.get(token.accountId) != null
}

function isForResource(token: Introspected): boolean {
  return 'aud' in token && token.aud !== undefined
}

/** Another client's token: answered like an unknown one (RFC 7009 section 2.2), so that nothing can be probed. */
export function mayRevoke(_ctx: KoaContextWithOIDC, client: Client, token: Introspected): boolean {
  return token.clientId === client.clientId
}
