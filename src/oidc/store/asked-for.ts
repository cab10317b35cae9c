import { decodeJwt, decodeProtectedHeader } from 'jose'
import type { KoaContextWithOIDC } from 'oidc-provider'
import { isReadable } from './rows.ts'

/**
 * What a request will have the engine look for, told before it does, so that one read can bring it all. Nothing here is
 * verified: it only says which rows to fetch, and the engine asks for them by what it has verified itself.
 */
type Ctx = KoaContextWithOIDC | undefined

const secretParameter: Record<string, string> = {
  authorization_code: 'code',
  refresh_token: 'refresh_token',
  'urn:ietf:params:oauth:grant-type:device_code': 'device_code',
}

/**
 * The bearer secret in the form of a request to the token, introspection or revocation endpoint, if there is one; of a JWT access
 * token the jti.
 */
export function presentedSecret(ctx: Ctx): string | undefined {
  const route = ctx?.oidc.route
  const params = paramsOf(ctx)
  if (route === 'introspection' || route === 'revocation') return idOf(params['token'])
  if (route !== 'token') return undefined
  const name = secretParameter[text(params['grant_type']) ?? '']
  return name === undefined ? undefined : text(params[name])
}

/** The API for which a client wants a token of its own. */
export function requestedResource(ctx: Ctx): string | undefined {
  const params = paramsOf(ctx)
  if (ctx?.oidc.route !== 'token' || params['grant_type'] !== 'client_credentials') return undefined
  return text(params['resource'])
}

/** The client on whose behalf a browser comes to the authorization endpoint; its session is looked for first. */
export function authorizingClient(ctx: Ctx): string | undefined {
  return ctx?.oidc.route === 'authorization' ? text(ctx.query['client_id']) : undefined
}

function paramsOf(ctx: Ctx): Record<string, unknown> {
  return (ctx?.oidc.params as Record<string, unknown> | undefined) ?? {}
}

/** What a token to be introspected or revoked is looked up by; nothing for a JWT that cannot be ours. */
function idOf(token: unknown): string | undefined {
  if (typeof token !== 'string' || !isStructured(token)) return text(token)
  try {
    return text(decodeJwt(token).jti)
  } catch {
    return undefined
  }
}

/** As the engine understands it when it refuses them. */
function isStructured(token: string): boolean {
  try {
    decodeProtectedHeader(token)
    return true
  } catch {
    return false
  }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' && isReadable(value) ? value : undefined
}
