import { everyRoute } from '../support/routes.ts'

/** Pieces that parsers, databases and type assumptions have stumbled over, percent-encoded as they are sent. */
export const nasty = [
  ...[
    '',
    '%00',
    'a%00b',
    '%',
    '%zz',
    '%u0000',
    '%C0%80',
    '%C0%AF',
    '%ED%A0%80',
    '%ED%BF%BF',
    '%F8%88%80%80%80',
    '%FF%FE',
  ],
  ...[
    '%EF%BF%BF',
    '%F0%9F%98%80',
    '%E2%80%AE',
    '%0D%0ASet-Cookie:%20a=b',
    '%0A',
    '%09',
    '+',
    '%20',
    '%22',
    '%27',
    '%5C',
    '%3Cscript%3E',
  ],
  ...[
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    'hasOwnProperty',
    'null',
    'undefined',
    'true',
    'NaN',
    '[object%20Object]',
  ],
  ...[
    '-1',
    '0',
    '1e300',
    '1e309',
    '-1e300',
    '1.5',
    '0x10',
    'abc',
    'Infinity',
    '9'.repeat(400),
    '%D9%A1',
    '-0',
    '1_000',
  ],
  ...[
    '[]',
    '{}',
    '[[]]',
    '%22x%22',
    '{%22id_token%22:',
    '{%22__proto__%22:{%22a%22:1}}',
    `${'['.repeat(2000)}${']'.repeat(2000)}`,
  ],
  ...[
    'none',
    'none%20login',
    'login%20login',
    'consent%20constructor',
    'openid%20openid',
    'S256',
    'plain',
    'code%20token',
    '%20code',
  ],
  ...[
    'http://',
    'https://[::1',
    'javascript:alert(1)',
    '//evil.example',
    'urn:x',
    'https://rp.example/cb%00',
    'data:,',
    'a:',
    ':',
    '?',
    '#',
  ],
  ...[
    'eyJhbGciOiJub25lIn0.e30.',
    'eyJhbGciOiJub25lIn0.',
    '..',
    'a.b.c',
    'eyJ.eyJ.eyJ',
    'e30.e30.e30',
    '.'.repeat(500),
    'eyJhbGciOlsiUlMyNTYiXX0.e30.AA',
  ],
  ...[
    'x'.repeat(3000),
    '%F0%9F%98%80'.repeat(300),
    "';DROP%20TABLE%20users;--",
    '$1',
    '%25s%25n',
    '../../etc/passwd',
    '${7*7}',
  ],
]

export const nastyClaims = [
  '1',
  'null',
  '[]',
  '"x"',
  '{"id_token":1}',
  '{"id_token":[]}',
  '{"id_token":null}',
  '{"userinfo":"x"}',
  '{"id_token":{"acr":1}}',
  '{"id_token":{"acr":{"essential":1}}}',
  '{"id_token":{"acr":{"essential":true,"values":"x"}}}',
  '{"id_token":{"acr":{"values":[1,null]}}}',
  '{"id_token":{"acr":{"essential":true,"values":[{}]}}}',
  '{"id_token":{"acr":{"essential":true,"value":{}}}}',
  '{"id_token":{"sub":{"value":1}}}',
  '{"id_token":{"sub":{"value":"\\u0000"}}}',
  '{"id_token":{"auth_time":[]}}',
  '{"userinfo":{"__proto__":{"essential":true}}}',
  '{"userinfo":{"constructor":null,"toString":null,"hasOwnProperty":1}}',
  '{"userinfo":{"email":[],"name":"\\ud800"}}',
  '{"\\u0000":{}}',
  `{"userinfo":${'{"a":'.repeat(400)}1${'}'.repeat(400)}}`,
  `{"id_token":{${'"a":null,'.repeat(300)}"b":null}}`,
  '{"id_token":{"acr":null},"id_token":{"acr":{"essential":true}}}',
].map(encodeURIComponent)

export const parameters = [
  ...[
    'client_id',
    'redirect_uri',
    'response_type',
    'response_mode',
    'scope',
    'state',
    'nonce',
    'code_challenge',
    'code_challenge_method',
  ],
  ...[
    'prompt',
    'max_age',
    'claims',
    'acr_values',
    'login_hint',
    'id_token_hint',
    'ui_locales',
    'claims_locales',
    'display',
    'resource',
  ],
  ...[
    'request',
    'request_uri',
    'registration',
    'audience',
    'authorization_details',
    'dpop_jkt',
    'web_message_uri',
    'user_code',
    'nbf',
  ],
  ...[
    'grant_type',
    'code',
    'code_verifier',
    'refresh_token',
    'client_secret',
    'client_assertion',
    'client_assertion_type',
    'username',
    'password',
  ],
  ...[
    'token',
    'token_type_hint',
    'access_token',
    'post_logout_redirect_uri',
    'logout',
    'xsrf',
    'logout_hint',
  ],
  ...[
    'csrf',
    'email',
    'decision',
    'resource_scope',
    'saved',
    '__proto__',
    'constructor',
    'a[]',
    'a[b]',
    'scope[]',
    '%00',
    '',
    '%',
    '%ED%A0%80',
  ],
]

/** What gets a request past the first check: a browser in the middle of something, where it is, and good parameters. */
export type Valid = { headers: Record<string, string>; parameters: Record<string, string>; path: string }

const contentTypes = [
  'application/x-www-form-urlencoded',
  'application/x-www-form-urlencoded',
  'application/x-www-form-urlencoded',
  'application/x-www-form-urlencoded; charset=utf-8',
  'application/x-www-form-urlencoded; charset=UTF-16LE',
  'application/x-www-form-urlencoded; charset=foo',
  'application/x-www-form-urlencoded; charset="',
  'application/x-www-form-urlencoded;charset=iso-8859-1',
  'application/x-www-form-urlencoded; charset=utf-7',
  'APPLICATION/X-WWW-FORM-URLENCODED',
  'application/json',
  'application/json; charset=x',
  'multipart/form-data',
  'multipart/form-data; boundary=x',
  'text/plain',
  ';',
  'a/b/c',
  '\xff',
  'application/x-www-form-urlencoded, application/json',
]

const headerValues = [
  '',
  ' ',
  ',',
  ';',
  '=',
  'x'.repeat(15_000),
  '\xff\xfe',
  '"',
  '*/*;q=x',
  'a,'.repeat(500),
  'gzip',
  'identity',
  'Basic',
  'Basic ',
  'Basic !!!',
  'Basic Og==',
  'Basic OjpA',
  `Basic ${Buffer.from('a%00:b').toString('base64')}`,
  `Basic ${Buffer.from('%:%').toString('base64')}`,
  `Basic ${Buffer.from([255, 58, 255]).toString('base64')}`,
  'Bearer',
  'Bearer ',
  'Bearer a b',
  'Bearer \xff',
  `Bearer ${'x'.repeat(9000)}`,
  'DPoP x',
  'Negotiate x',
  'null',
  'https://evil.example',
  'none',
  '-1',
  '1e9',
  'cardea_session=',
  'cardea_session=%00; cardea_session.sig=%00',
  'cardea_interaction=%; cardea_interaction.sig=%',
  '__proto__=1',
  '='.repeat(500),
  'a=\x01',
]
const headerNames = [
  'Authorization',
  'Cookie',
  'Accept',
  'Accept-Language',
  'Accept-Encoding',
  'Content-Encoding',
  'Origin',
  'Referer',
  'Sec-Fetch-Site',
  'X-Forwarded-For',
  'X-Forwarded-Proto',
  'X-Request-Id',
  'Forwarded',
  'If-None-Match',
  'If-Modified-Since',
  'Range',
  'Expect',
  'DPoP',
  'Access-Control-Request-Method',
  'User-Agent',
]

/** The bytes of one request, made from what is valid with a few things wrong, by the random numbers given. */
export function malformedRequest(random: () => number, host: string, valid: Valid): string {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T
  const chance = (of: number) => random() < of
  const route = pick(everyRoute)
  const method = chance(0.9) ? pick(route.methods) : pick(['OPTIONS', 'HEAD', 'PUT', 'DELETE', 'TRACE'])
  let path = chance(0.3) ? valid.path : route.path
  if (chance(0.05)) path += pick(nasty)
  if (chance(0.03)) path = path.replace('x'.repeat(43), pick(nasty))

  const pairs = Object.entries(valid.parameters).filter(() => chance(0.9))
  for (let wrong = 0; wrong < 1 + random() * 3; wrong += 1) {
    const name = pick(parameters)
    const value = name === 'claims' && chance(0.8) ? pick(nastyClaims) : pick(nasty)
    const known = pairs.findIndex(([other]) => other === name)
    if (known >= 0 && chance(0.8)) pairs.splice(known, 1)
    pairs.push([name, value])
  }
  if (chance(0.03)) pairs.push(['scope', 's%20'.repeat(10_000)])
  if (chance(0.03)) for (let more = 0; more < 1200; more += 1) pairs.push([`p${more}`, ''])
  const form = pairs
    .map(([name, value]) => (chance(0.97) ? `${name}=${value}` : name))
    .join(chance(0.95) ? '&' : ';')

  const hasBody = method === 'POST' || chance(0.05)
  const body = hasBody
    ? chance(0.9)
      ? form
      : pick(['\xff\xfe\x00', '{"a":', '[]', '{"__proto__":{}}', '&&&===', '\x1f\x8b\x08'])
    : ''
  const headers: [string, string][] = [
    ['Host', host],
    ['Connection', 'close'],
  ]
  for (const entry of Object.entries(valid.headers)) if (chance(0.7)) headers.push(entry)
  if (hasBody) headers.push(['Content-Type', pick(contentTypes)], ['Content-Length', String(body.length)])
  for (let wrong = 0; wrong < random() * 2; wrong += 1) headers.push([pick(headerNames), pick(headerValues)])
  const query = hasBody ? (chance(0.1) ? `?${pick(parameters)}=${pick(nasty)}` : '') : `?${form}`
  const lines = headers.map(([name, value]) => `${name}: ${value}`)
  return `${method} ${path}${query} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body}`
}
