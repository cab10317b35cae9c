import { z } from 'zod'
import { jwksSchema, privateMembers } from './jwks.ts'
import { redirectUriProblem } from './redirect-uri.ts'

/** A reason why metadata is refused: the RFC 7591 field and a sentence for the person who sent it. */
export type MetadataProblem = { field: string; message: string }

const webUri = z.url({ protocol: /^https?$/, error: 'must be an http(s) address' })
const httpsUri = z.url({ protocol: /^https$/, error: 'must be an https address' })
/** Whoever can change what it answers can become the client: https, or our own machine. */
const keysUri = webUri.refine(
  (uri) => /^(https:\/\/|http:\/\/(127\.0\.0\.1|\[::1\]|localhost)[:/])/.test(uri),
  'must be an https address',
)
/** Called by us, with what it may not have in it by OpenID Connect Back-Channel Logout section 2.2. */
const logoutUri = keysUri.refine((uri) => {
  const url = URL.parse(uri)
  return !uri.includes('#') && url?.username === '' && url.password === ''
}, 'must have neither a fragment nor credentials')
const signingAlg = z.enum(['RS256', 'ES256', 'EdDSA'])

/** The device authorization grant (RFC 8628). */
export const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code'

/** The fields of RFC 7591 section 2 that this server knows, each for itself; whether they fit together `checkMetadata` says. */
export const clientMetadataSchema = z.strictObject({
  redirect_uris: z.array(z.string()).max(50).default([]),
  post_logout_redirect_uris: z.array(z.string()).max(50).default([]),
  grant_types: z
    .array(z.enum(['authorization_code', 'refresh_token', 'client_credentials', DEVICE_GRANT]))
    .default(['authorization_code']),
  token_endpoint_auth_method: z
    .enum(['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'])
    .default('client_secret_basic'),
  application_type: z.enum(['web', 'native']).default('web'),
  scope: z
    .string()
    .regex(/^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$/)
    .optional(),
  client_uri: webUri.optional(),
  policy_uri: webUri.optional(),
  tos_uri: webUri.optional(),
  logo_uri: webUri.optional(),
  initiate_login_uri: httpsUri.optional(),
  backchannel_logout_uri: logoutUri.optional(),
  backchannel_logout_session_required: z.boolean().optional(),
  jwks: jwksSchema.optional(),
  jwks_uri: keysUri.optional(),
  token_endpoint_auth_signing_alg: signingAlg.optional(),
  id_token_signed_response_alg: signingAlg.optional(),
  /** What the oidc room can assert; it refuses a client with others. */
  default_acr_values: z
    .array(z.enum(['urn:cardea:acr:pwd', 'urn:cardea:acr:mfa']))
    .max(5)
    .optional(),
  default_max_age: z.int().min(0).optional(),
  require_auth_time: z.boolean().optional(),
  response_modes: z
    .array(z.enum(['query', 'form_post', 'fragment']))
    .min(1)
    .optional(),
})

export type ClientMetadata = z.infer<typeof clientMetadataSchema>

/**
 * Checks a client's metadata (RFC 7591 section 2 names, unknown fields refused) against what this server does:
 * exact redirect URIs without dangerous schemes (RFC 9700 section 2.1), one authentication method, grant types that fit.
 * Returns the metadata with defaults filled in, or every problem at once.
 */
export function checkMetadata(
  input: unknown,
): { ok: true; metadata: ClientMetadata } | { ok: false; problems: MetadataProblem[] } {
  const parsed = clientMetadataSchema.safeParse(input)
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => ({
      field: issue.path.join('.') || 'metadata',
      message: issue.message,
    }))
    return { ok: false, problems }
  }
  const problems = [
    ...uriProblems(parsed.data),
    ...consistencyProblems(parsed.data),
    ...unstorableFields(parsed.data),
  ]
  return problems.length > 0 ? { ok: false, problems } : { ok: true, metadata: parsed.data }
}

/** PostgreSQL keeps no NUL and no half of a surrogate pair in jsonb, wherever in a key they hide. */
function unstorableFields(metadata: Record<string, unknown>): MetadataProblem[] {
  return Object.entries(metadata)
    .filter(([, value]) => !isStorable(value))
    .map(([field]) => ({ field, message: 'contains characters that are not allowed' }))
}

export function isStorable(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed() && !value.includes('\0')
  if (typeof value !== 'object' || value === null) return true
  return Object.entries(value).every(([name, member]) => isStorable(name) && isStorable(member))
}

function uriProblems(metadata: ClientMetadata): MetadataProblem[] {
  return (['redirect_uris', 'post_logout_redirect_uris'] as const).flatMap((field) =>
    metadata[field].flatMap((uri) => {
      const message = redirectUriProblem(uri, metadata.application_type)
      return message ? [{ field, message: `${uri}: ${message}` }] : []
    }),
  )
}

function consistencyProblems(metadata: ClientMetadata): MetadataProblem[] {
  const problems: MetadataProblem[] = []
  const grants = new Set(metadata.grant_types)
  const method = metadata.token_endpoint_auth_method
  if (grants.has('authorization_code') && metadata.redirect_uris.length === 0)
    problems.push({ field: 'redirect_uris', message: 'authorization_code needs at least one redirect URI' })
  if (grants.has('refresh_token') && !grants.has('authorization_code') && !grants.has(DEVICE_GRANT))
    problems.push({
      field: 'grant_types',
      message: 'refresh_token comes only with authorization_code or the device code',
    })
  if (grants.has('client_credentials') && method === 'none')
    problems.push({
      field: 'grant_types',
      message: 'a public client cannot use client_credentials (RFC 6749 section 4.4)',
    })
  if (method === 'private_key_jwt' && !metadata.jwks && !metadata.jwks_uri)
    problems.push({ field: 'jwks', message: 'private_key_jwt needs jwks or jwks_uri' })
  if (metadata.jwks && metadata.jwks_uri)
    problems.push({ field: 'jwks', message: 'give jwks or jwks_uri, not both (RFC 7591 section 2)' })
  if (metadata.jwks?.keys.some((key) => privateMembers.some((member) => member in key)))
    problems.push({
      field: 'jwks',
      message: 'contains a private or symmetric key: register public keys only',
    })
  if (metadata.backchannel_logout_session_required !== undefined && !metadata.backchannel_logout_uri)
    problems.push({
      field: 'backchannel_logout_session_required',
      message: 'belongs to a backchannel_logout_uri',
    })
  if (metadata.token_endpoint_auth_signing_alg && method !== 'private_key_jwt')
    problems.push({ field: 'token_endpoint_auth_signing_alg', message: 'belongs to private_key_jwt' })
  return problems
}
