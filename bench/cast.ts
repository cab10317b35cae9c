/** Who takes part: the same clients, user and API at both servers. */

export const REDIRECT_URI = 'https://rp.example/cb'
export const SECRET = 'bench-secret-that-nobody-needs-to-guess-0123456789'
export const API = { identifier: 'https://api.example/', scope: 'orders:read', ttlSeconds: 600 }
export const PERSON = {
  email: 'pat@example.com',
  name: 'Pat Example',
  password: 'a long password for the bench',
}

const withCode = {
  redirect_uris: [REDIRECT_URI],
  grant_types: ['authorization_code', 'refresh_token'],
}
const confidential = { ...withCode, token_endpoint_auth_method: 'client_secret_basic' }
const open = { ...withCode, token_endpoint_auth_method: 'none' }

/** Client ids and their metadata (RFC 7591). */
export const CLIENTS = {
  machine: {
    redirect_uris: [],
    grant_types: ['client_credentials'],
    token_endpoint_auth_method: 'client_secret_basic',
    scope: API.scope,
  },
  web: confidential,
  'web-es256': { ...confidential, id_token_signed_response_alg: 'ES256' },
  spa: open,
  'spa-es256': { ...open, id_token_signed_response_alg: 'ES256' },
} as const

export type ClientId = keyof typeof CLIENTS

/** What a client sends to say who it is: a header, or for a public client its id in the form. */
export function authentication(id: ClientId): {
  headers: Record<string, string>
  form: Record<string, string>
} {
  if (CLIENTS[id].token_endpoint_auth_method === 'none') return { headers: {}, form: { client_id: id } }
  const pair = Buffer.from(`${id}:${SECRET}`).toString('base64')
  return { headers: { authorization: `Basic ${pair}` }, form: {} }
}
