import fc from 'fast-check'

const hosts = [
  'rp.example',
  'rp.example:8443',
  'localhost',
  '127.0.0.1',
  '[::1]',
  'localhost:9',
  '127.0.0.1:5173',
  'RP.example',
  'a@rp.example',
  'rp.example.',
  '',
]
const paths = [
  '',
  '/',
  '/cb',
  '/cb/',
  '/cb?a=1',
  '/cb?',
  '/cb#f',
  '/a/../b',
  '/%2e%2e/b',
  '/a%20b',
  '/%zz',
  '//x',
  '/a;b',
  '/*',
  '/ü',
  '/ ',
  '\\x',
  '/\t',
]
const schemes = [
  'https://',
  'http://',
  'HTTPS://',
  'com.example.app:',
  'com.example.app:/',
  'com.example.app://',
  'myapp://',
  'javascript:',
  'data:',
  'urn:ietf:wg:oauth:2.0:oob',
  'blob:',
  'about:blank',
  'file://',
  'ws://',
  'https:',
  '',
]

/** Addresses that somebody might register: good ones, odd ones and bad ones. */
export const someUri = fc
  .tuple(fc.constantFrom(...schemes), fc.constantFrom(...hosts), fc.constantFrom(...paths))
  .map((parts) => parts.join(''))

const members = [
  'kty',
  'crv',
  'x',
  'y',
  'n',
  'e',
  'd',
  'p',
  'q',
  'dp',
  'dq',
  'qi',
  'oth',
  'k',
  'priv',
  'pub',
  'alg',
  'use',
  'kid',
  'x5c',
  'key_ops',
]
const memberValues = [
  'RSA',
  'EC',
  'OKP',
  'oct',
  'AKP',
  'P-256',
  'Ed25519',
  'AQAB',
  'sig',
  'ES256',
  '',
  1,
  null,
  ['MIIB'],
  [''],
  {},
]
const goodKeys = [
  {
    kty: 'EC',
    crv: 'P-256',
    x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
    y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
    use: 'sig',
  },
  { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo', kid: '1' },
]
const someKey = fc.oneof(
  fc.constantFrom<Record<string, unknown>>(...goodKeys),
  fc.dictionary(fc.constantFrom(...members), fc.constantFrom<unknown>(...memberValues)),
  fc
    .tuple(
      fc.constantFrom(...goodKeys),
      fc.constantFrom(...members),
      fc.constantFrom<unknown>(...memberValues),
    )
    .map(([key, member, value]) => ({ ...key, [member]: value })),
)

const some = <T>(values: T[], max = 3) => fc.array(fc.constantFrom(...values), { maxLength: max })
const algs = fc.constantFrom('RS256', 'ES256', 'EdDSA', 'PS256', 'HS256', 'none')

const uris = (maxLength: number) => fc.array(someUri, { maxLength })
const fields: Record<string, fc.Arbitrary<unknown>> = {
  redirect_uris: uris(3),
  post_logout_redirect_uris: uris(2),
  grant_types: some(['authorization_code', 'refresh_token', 'client_credentials', 'implicit']),
  token_endpoint_auth_method: fc.constantFrom(
    'none',
    'client_secret_basic',
    'client_secret_post',
    'private_key_jwt',
  ),
  application_type: fc.constantFrom('web', 'native'),
  scope: some(['openid', 'email', 'offline_access', 'orders:read', '']).map((scopes) => scopes.join(' ')),
  client_uri: someUri,
  logo_uri: someUri,
  initiate_login_uri: someUri,
  jwks: fc.record({ keys: fc.array(someKey, { maxLength: 3 }) }),
  jwks_uri: someUri,
  token_endpoint_auth_signing_alg: algs,
  id_token_signed_response_alg: algs,
  userinfo_signed_response_alg: algs,
  default_acr_values: some(['urn:cardea:acr:pwd', 'urn:cardea:acr:mfa', 'silver', '']),
  default_max_age: fc.constantFrom<unknown>(0, 1, 3600, -1, 1.5, Number.MAX_SAFE_INTEGER, '1'),
  require_auth_time: fc.constantFrom<unknown>(true, false, 'true'),
  response_modes: some(['query', 'form_post', 'fragment', 'web_message']),
}

const bases = [
  { redirect_uris: ['https://rp.example/cb'] },
  { redirect_uris: ['https://rp.example/cb'], token_endpoint_auth_method: 'none' },
  { redirect_uris: ['com.example.app:/cb'], application_type: 'native', token_endpoint_auth_method: 'none' },
  { redirect_uris: ['http://127.0.0.1/cb'], application_type: 'native', token_endpoint_auth_method: 'none' },
  { grant_types: ['client_credentials'] },
  {
    grant_types: ['client_credentials'],
    token_endpoint_auth_method: 'private_key_jwt',
    jwks: { keys: goodKeys },
  },
  { grant_types: [] },
]
const change = fc
  .constantFrom(...Object.keys(fields))
  .chain((name) => (fields[name] ?? fc.constant(undefined)).map((value): [string, unknown] => [name, value]))

/** A client's metadata in RFC 7591 names as somebody might send it: a good one of some kind, with up to three things changed. */
export const someMetadata = fc
  .tuple(fc.constantFrom<Record<string, unknown>>(...bases), fc.array(change, { maxLength: 3 }))
  .map(([base, changes]) => ({ ...base, ...Object.fromEntries(changes) }))
