import type { KoaContextWithOIDC } from 'oidc-provider'

const secretParameter: Record<string, string> = { authorization_code: 'code', refresh_token: 'refresh_token' }

/**
 * The bearer secret that a request to the token, introspection or revocation endpoint carries in its form, so that it can
 * be read together with the client. Empty when there is none to read (client_credentials); undefined on other routes.
 */
export function presentedSecret(ctx: KoaContextWithOIDC | undefined): string | undefined {
  const route = ctx?.oidc.route
  const params = ctx?.oidc.params as Record<string, unknown> | undefined
  if (!params) return undefined
  if (route === 'introspection' || route === 'revocation') return text(params['token'])
  if (route !== 'token') return undefined
  const name = secretParameter[text(params['grant_type'])]
  return name ? text(params[name]) : ''
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
