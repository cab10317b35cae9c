import { describe, expect, test } from '@jest/globals'
import { basic, bearer } from '../../support/http-client.ts'
import { expectNoSecretIn, noteByHand, noteSecrets } from '../../support/issued-secrets.ts'

type Noted = Parameters<typeof noteSecrets>[0]
const note = (more: Partial<Noted>) =>
  noteSecrets({ status: 200, body: undefined, authorization: undefined, headers: {}, text: '', ...more })
const isFound = (line: string) => {
  try {
    expectNoSecretIn([line], 'it')
    return false
  } catch {
    return true
  }
}

/** Each kind of secret, how a test comes by it, and the spellings in which it may leak. */
const kinds: [string, (secret: string) => Partial<Noted>, string, string[]][] = [
  [
    'a token',
    (token) => ({ text: JSON.stringify({ access_token: token }) }),
    'Zk3v9QeXx7Lw2TnB8aRu5CdY',
    ['Zk3v9QeXx7Lw2TnB8aRu5CdY', '?t=%20Zk3v9QeXx7Lw2TnB8aRu5CdY%20'],
  ],
  [
    'the secret of a client that sends it by Basic',
    (secret) => ({ authorization: basic('app', secret).authorization }),
    'qF7_hT2-mW9xKc4/pZ8+sV1n',
    ['qF7_hT2-mW9xKc4/pZ8+sV1n', 'qF7_hT2-mW9xKc4%2FpZ8%2BsV1n'],
  ],
  [
    'a bearer token of a request',
    (token) => ({ authorization: bearer(token).authorization }),
    'b7YtR5wQ9mNc3XzL1kJh8GfD',
    ['b7YtR5wQ9mNc3XzL1kJh8GfD'],
  ],
  [
    'a recovery code on a page',
    (code) => ({ text: `<li>${code}</li>` }),
    'K7TQ-9MXW-4HRB-2ZCN',
    ['K7TQ-9MXW-4HRB-2ZCN', 'K7TQ9MXW4HRB2ZCN', 'k7tq 9mxw 4hrb 2zcn', 'K7TQ%2D9MXW%2D4HRB%2D2ZCN'],
  ],
  [
    'a recovery code that was taken',
    (code) => ({ status: 303, body: new URLSearchParams({ code }).toString() }),
    'p3wd 8fgk 5tyx 6vnb',
    ['P3WD-8FGK-5TYX-6VNB', 'p3wd+8fgk+5tyx+6vnb'],
  ],
  [
    'the seed of an authenticator app',
    (seed) => ({ text: `otpauth://totp/Cardea:a@b.example?issuer=Cardea&amp;secret=${seed}&amp;digits=6` }),
    'GEZDGNBVGY3TQOJQMFRGGZDFMZTWQ2LK',
    ['GEZDGNBVGY3TQOJQMFRGGZDFMZTWQ2LK', 'GEZD GNBV GY3T QOJQ MFRG GZDF MZTW Q2LK'],
  ],
  [
    'the secret of a webhook',
    (secret) => ({ text: JSON.stringify({ webhook: 1, secret }) }),
    'whsec_bTB2WjNL/1FaMHY0+1lrMm5x/zNtMWJDOHRHZjV=',
    [
      'whsec_bTB2WjNL/1FaMHY0+1lrMm5x/zNtMWJDOHRHZjV=',
      'whsec_bTB2WjNL%2F1FaMHY0%2B1lrMm5x%2FzNtMWJDOHRHZjV%3D',
    ],
  ],
  [
    'what is sent to the receiver of a stream',
    (header) => ({ body: JSON.stringify({ delivery: { method: 'push', authorization_header: header } }) }),
    'Bearer of-one-receiver',
    ['Bearer of-one-receiver', '{"h":"Bearer%20of-one-receiver"}'],
  ],
  [
    'a password',
    (password) => ({ status: 422, body: new URLSearchParams({ password }).toString() }),
    'correct horse battery staple',
    ['correct horse battery staple', 'correct%20horse+battery%20staple'],
  ],
  [
    'the link of an invitation',
    (link) => ({ text: JSON.stringify({ link }) }),
    'https://id.example/account/password?ticket=Lq2Ws4Ed6Rf8Tg1Yh3Uj5Ik7Ol9',
    ['ticket=Lq2Ws4Ed6Rf8Tg1Yh3Uj5Ik7Ol9', 'Lq2Ws4Ed6Rf8Tg1Yh3Uj5Ik7Ol9'],
  ],
  [
    'the ticket of a link that was followed',
    (ticket) => ({ status: 303, body: new URLSearchParams({ ticket }).toString() }),
    'Vb2Nm4Qw6Er8Ty1Ui3Op5As7Df9',
    ['Vb2Nm4Qw6Er8Ty1Ui3Op5As7Df9'],
  ],
]

describe('what a test run issued', () => {
  test.each(kinds)('is known: %s, in each spelling (AD-13)', (_what, exchange, secret, spellings) => {
    expect(spellings.map(isFound)).toEqual(spellings.map(() => false))
    note(exchange(secret))
    expect(spellings.map(isFound)).toEqual(spellings.map(() => true))
  })

  test('is hidden where it is found, with its place left to see', () => {
    noteByHand('X4CV-7BNM-2QWE-9RTY')
    expect(() =>
      expectNoSecretIn(['a line', '{"code":"x4cv 7bnm 2qwe 9rty","user":"pat"}'], 'the log'),
    ).toThrow('a secret is in the log: {"code":"[the secret]","user":"pat"}')
  })

  test('is neither what was refused, nor words, nor six digits', () => {
    note({ status: 401, authorization: bearer('not-a-token-of-anybody-here').authorization })
    note({ body: 'code=123456&secret=short', text: '{"secret":"short"}' })
    expect(['not-a-token-of-anybody-here', '123456', 'short'].map(isFound)).toEqual([false, false, false])
  })
})
