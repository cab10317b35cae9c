import { describe, expect, test } from '@jest/globals'
import { checkMetadata } from '../../../src/clients/metadata.ts'

const ec = {
  kty: 'EC',
  crv: 'P-256',
  x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
  y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
}
const good = { redirect_uris: ['https://rp.example/cb'] }

function problems(metadata: unknown): string[] {
  const checked = checkMetadata(metadata)
  return checked.ok ? [] : checked.problems.map(({ field }) => field)
}

describe('the metadata of a client', () => {
  test('gets the defaults of RFC 7591 §2, which are the safe ones here', () => {
    expect(checkMetadata(good)).toEqual({
      ok: true,
      metadata: {
        redirect_uris: ['https://rp.example/cb'],
        post_logout_redirect_uris: [],
        grant_types: ['authorization_code'],
        token_endpoint_auth_method: 'client_secret_basic',
        application_type: 'web',
      },
    })
  })

  test.each<[string, Record<string, unknown>]>([
    [
      'a public client',
      { ...good, token_endpoint_auth_method: 'none', grant_types: ['authorization_code', 'refresh_token'] },
    ],
    [
      'a native one',
      {
        redirect_uris: ['com.example.app:/cb'],
        application_type: 'native',
        token_endpoint_auth_method: 'none',
      },
    ],
    ['a machine', { grant_types: ['client_credentials'], scope: 'orders:read orders:write' }],
    [
      'a machine with a key',
      {
        grant_types: ['client_credentials'],
        token_endpoint_auth_method: 'private_key_jwt',
        jwks: { keys: [ec] },
      },
    ],
    [
      'one with keys elsewhere',
      {
        ...good,
        token_endpoint_auth_method: 'private_key_jwt',
        jwks_uri: 'https://rp.example/jwks',
        token_endpoint_auth_signing_alg: 'ES256',
      },
    ],
    [
      'a device (RFC 8628)',
      {
        grant_types: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'],
        token_endpoint_auth_method: 'none',
      },
    ],
    ['one that only introspects', { grant_types: [] }],
    [
      'one with everything',
      {
        ...good,
        client_uri: 'https://rp.example/',
        policy_uri: 'https://rp.example/p',
        tos_uri: 'https://rp.example/t',
        logo_uri: 'https://rp.example/l.png',
        initiate_login_uri: 'https://rp.example/login',
        id_token_signed_response_alg: 'EdDSA',
        default_acr_values: ['urn:cardea:acr:mfa'],
        default_max_age: 0,
        require_auth_time: true,
        response_modes: ['query', 'form_post'],
      },
    ],
  ])('may be those of %s', (_, metadata) => expect(problems(metadata)).toEqual([]))

  test.each<[string, Record<string, unknown>, string]>([
    ['a field that nobody knows', { ...good, redirect_uri: 'x' }, 'metadata'],
    ['a secret of its own choice', { ...good, client_secret: 'x' }, 'metadata'],
    ['an id of its own choice', { ...good, client_id: 'x' }, 'metadata'],
    ['response types, of which there is one', { ...good, response_types: ['token'] }, 'metadata'],
    [
      'signed userinfo, which there is not (MD-02)',
      { ...good, userinfo_signed_response_alg: 'RS256' },
      'metadata',
    ],
    ['codes but nowhere to send them (AZ-01)', {}, 'redirect_uris'],
    ['an implicit grant (AZ-10)', { ...good, grant_types: ['implicit'] }, 'grant_types.0'],
    ['the password grant (AZ-10)', { ...good, grant_types: ['password'] }, 'grant_types.0'],
    ['refresh tokens without codes', { grant_types: ['refresh_token'] }, 'grant_types'],
    [
      'a machine without proof of who it is (TK-06, RFC 6749 §4.4)',
      { grant_types: ['client_credentials'], token_endpoint_auth_method: 'none' },
      'grant_types',
    ],
    [
      'a secret used as a key (CA-09)',
      { ...good, token_endpoint_auth_method: 'client_secret_jwt' },
      'token_endpoint_auth_method',
    ],
    [
      'a key method without a key (CA-06)',
      { ...good, token_endpoint_auth_method: 'private_key_jwt' },
      'jwks',
    ],
    [
      'keys in two places (RFC 7591 §2)',
      { ...good, jwks: { keys: [ec] }, jwks_uri: 'https://rp.example/jwks' },
      'jwks',
    ],
    [
      'a key algorithm without the key method',
      { ...good, token_endpoint_auth_signing_alg: 'ES256' },
      'token_endpoint_auth_signing_alg',
    ],
    [
      'a symmetric key algorithm',
      {
        ...good,
        token_endpoint_auth_method: 'private_key_jwt',
        jwks: { keys: [ec] },
        token_endpoint_auth_signing_alg: 'HS256',
      },
      'token_endpoint_auth_signing_alg',
    ],
    [
      'unsigned ID tokens (TO-01)',
      { ...good, id_token_signed_response_alg: 'none' },
      'id_token_signed_response_alg',
    ],
    [
      'a dangerous place to return to after signing out (AZ-03, LO-01)',
      { ...good, post_logout_redirect_uris: ['javascript:x'] },
      'post_logout_redirect_uris',
    ],
    ['a dangerous address to show (XS-01)', { ...good, client_uri: 'javascript:alert(1)' }, 'client_uri'],
    ['a dangerous picture (XS-01)', { ...good, logo_uri: 'data:image/svg+xml,x' }, 'logo_uri'],
    [
      'a place to start again that is not https (the engine refuses it)',
      { ...good, initiate_login_uri: 'http://rp.example/' },
      'initiate_login_uri',
    ],
    ['an acr that nobody can reach', { ...good, default_acr_values: ['gold'] }, 'default_acr_values.0'],
    ['an age in the future', { ...good, default_max_age: -1 }, 'default_max_age'],
    ['a response mode that there is not', { ...good, response_modes: ['web_message'] }, 'response_modes.0'],
    ['no response mode at all', { ...good, response_modes: [] }, 'response_modes'],
    ['a scope list with two spaces', { ...good, scope: 'openid  email' }, 'scope'],
    ['a scope list that is empty', { ...good, scope: '' }, 'scope'],
    ['a scope with a quote (RFC 6749 §3.3)', { ...good, scope: 'a"b' }, 'scope'],
    [
      'more places than anybody has',
      { redirect_uris: Array.from({ length: 51 }, (_, nth) => `https://rp.example/${nth}`) },
      'redirect_uris',
    ],
  ])('may not have %s', (_, metadata, field) => expect(problems(metadata)).toEqual([field]))

  test.each([undefined, null, 'x', 1, [], [good]])('are an object, not %j', (metadata) =>
    expect(problems(metadata)).not.toEqual([]),
  )

  test('are told all that is wrong with them at once', () => {
    const metadata = {
      redirect_uris: ['http://rp.example/cb', 'javascript:x'],
      grant_types: ['client_credentials'],
      token_endpoint_auth_method: 'none',
    }
    expect(problems(metadata)).toEqual(['redirect_uris', 'redirect_uris', 'grant_types'])
  })
})

describe('the keys of a client', () => {
  const withKeys = (...keys: unknown[]) => problems({ ...good, jwks: { keys } })

  test.each([
    [ec],
    [{ ...ec, kid: '1', use: 'sig', alg: 'ES256', x5c: ['MIIB'], key_ops: ['verify'] }],
    [{ kty: 'RSA', n: 'AQ', e: 'AQAB' }],
    [{ kty: 'OKP', crv: 'Ed25519', x: 'AQ' }],
  ])('may be %j (RFC 7517)', (key) => expect(withKeys(key)).toEqual([]))

  test.each(['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'])(
    'are public: none has the member %s (CA-06, RFC 7518 §6)',
    (member) => {
      expect(withKeys(ec, { ...ec, [member]: 'AQ' })).toEqual(['jwks'])
    },
  )

  test.each([
    [{}],
    [null],
    ['x'],
    [[]],
    [{ kty: 'oct' }],
    [{ kty: 'AKP' }],
    [{ kty: 'EC', crv: 'P-256', x: 'AQ' }],
    [{ ...ec, x: '' }],
    [{ ...ec, x: 1 }],
    [{ kty: 'RSA', n: 'AQ' }],
    [{ kty: 'RSA', e: 'AQAB' }],
    [{ kty: 'OKP', crv: 'Ed25519' }],
    [{ ...ec, kid: '' }],
    [{ ...ec, alg: 1 }],
    [{ ...ec, x5c: ['', 1] }],
  ])('may not be %j (RFC 7517)', (key) => expect(withKeys(key)).not.toEqual([]))

  test('are at least one and at most twenty, in a set and nothing else', () => {
    expect(withKeys()).toEqual(['jwks.keys'])
    expect(withKeys(...Array<unknown>(21).fill(ec))).toEqual(['jwks.keys'])
    expect(problems({ ...good, jwks: { keys: [ec], x: 1 } })).toEqual(['jwks'])
    expect(problems({ ...good, jwks: [ec] })).toEqual(['jwks'])
  })
})

describe('text that the database cannot keep', () => {
  test.each<[string, Record<string, unknown>, string]>([
    ['NUL in an address', { client_uri: 'https://rp.example/\0' }, 'client_uri'],
    ['half a character in an address', { logo_uri: 'https://rp.example/\ud800' }, 'logo_uri'],
    ['NUL deep in a key', { jwks: { keys: [{ ...ec, kid: 'a\0b' }] } }, 'jwks'],
    ['half a character in a name of a key’s member', { jwks: { keys: [{ ...ec, '\udfff': 1 }] } }, 'jwks'],
  ])('is refused: %s (HT-06)', (_, metadata, field) => {
    expect(problems({ ...good, ...metadata })).toEqual([field])
  })
})

describe('the address for logout notices (OpenID Connect Back-Channel Logout §2.2)', () => {
  test.each(['https://rp.example/out?a=b', 'http://127.0.0.1:8080/out', 'http://localhost/out'])(
    'may be %s',
    (uri) => expect(problems({ ...good, backchannel_logout_uri: uri })).toEqual([]),
  )
  test.each([
    'http://rp.example/out',
    'http://localhost.rp.example/out',
    'ftp://rp.example/out',
    'javascript:alert(1)',
    'https://rp.example/out#',
    'https://rp.example/out#x',
    'https://user@rp.example/out',
    'https://:pw@rp.example/out',
    '/out',
  ])('may not be %s (I1)', (uri) =>
    expect(new Set(problems({ ...good, backchannel_logout_uri: uri }))).toEqual(
      new Set(['backchannel_logout_uri']),
    ),
  )
  test('is what a demand for a sid belongs to', () => {
    const field = 'backchannel_logout_session_required'
    expect(problems({ ...good, [field]: true })).toEqual([field])
    const uri = { backchannel_logout_uri: 'https://rp.example/out' }
    expect(problems({ ...good, ...uri, [field]: true })).toEqual([])
  })
})
