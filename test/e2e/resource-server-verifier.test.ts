import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { decodeJwt, decodeProtectedHeader, generateKeyPair, SignJWT } from 'jose'
import type { JWTHeaderParameters } from 'jose'
import { createApi } from '../../examples/resource-server/api.ts'
import { createVerifier } from '../../examples/resource-server/verifier.ts'
import { listenOn, lst, startIssuer } from '../support/resource-server.ts'
import type { Issuer } from '../support/resource-server.ts'

let issuer: Issuer
let verify: ReturnType<typeof createVerifier>
beforeEach(async () => {
  issuer = await startIssuer()
  verify = createVerifier({ issuer: issuer.url, audience: issuer.audience })
})
afterEach(() => issuer.stop())

/** What the verifier says to a good token when the list is answered so. */
async function told(body: string, status = 200): Promise<string> {
  issuer.answer = { status, body }
  const verdict = await verify(await issuer.token())
  return verdict.ok ? 'ok' : verdict.reason
}

const second = 1000
const now = () => Math.floor(Date.now() / second)

describe('the example verifier', () => {
  test('accepts a token whose bit is not set, and tells its claims (draft-ietf-oauth-status-list §8.3)', async () => {
    issuer.answer = { status: 200, body: await issuer.list() }
    expect(await verify(await issuer.token())).toMatchObject({ ok: true, claims: { sub: 'pat' } })
  })

  test('reads the bit of the token and no other, the first in the lowest bit (draft-ietf-oauth-status-list §4.1)', async () => {
    for (const [bytes, verdict] of [
      [[0, 0b10], 'invalid'],
      [[0xff, 0b11111101], 'ok'],
    ] as const) {
      verify = createVerifier({ issuer: issuer.url, audience: issuer.audience })
      expect(await told(await issuer.list({ status_list: { bits: 1, lst: lst(bytes) } }))).toBe(verdict)
    }
  })

  test.each<[string, (own: Issuer) => Promise<string>]>([
    ['of another address', (own) => own.list({ sub: `${own.url}/status-lists/2-0` })],
    ['that is over', (own) => own.list({ exp: now() - 1 })],
    ['that never ends', (own) => own.list({ exp: undefined })],
    ['of another type', (own) => own.list({}, 'at+jwt')],
    ['too short for the index', (own) => own.list({ status_list: { bits: 1, lst: lst([0]) } })],
    [
      'that inflates without end',
      (own) => own.list({ status_list: { bits: 1, lst: lst(Buffer.alloc(2 ** 22)) } }),
    ],
    ['without a list', (own) => own.list({ status_list: undefined })],
    ['that is no JWT', () => Promise.resolve('<html>')],
    ['larger than a megabyte', (own) => own.list({ note: 'x'.repeat(2 ** 20) })],
    ['tampered with', async (own) => tampered(await own.list())],
    ['signed by somebody else', async (own) => signedElsewhere(await own.list())],
  ])(
    'takes no word of a status list %s, and lets nobody in (draft-ietf-oauth-status-list §8.3)',
    async (_, list) => {
      expect(await told(await list(issuer))).toBe('unavailable')
    },
  )

  test.each([404, 500, 503, 302])('lets nobody in when the list is answered with %s', async (status) => {
    expect(await told('', status)).toBe('unavailable')
  })

  test('asks for a list once, however many tokens come at once, and again after its ttl (draft-ietf-oauth-status-list §13.7)', async () => {
    issuer.answer = { status: 200, body: await issuer.list({ ttl: 1 }) }
    const token = await issuer.token()
    const verdicts = await Promise.all(Array.from({ length: 20 }, () => verify(token)))
    expect(verdicts.every(({ ok }) => ok)).toBe(true)
    expect(issuer.asked).toBe(1)
    issuer.answer.body = await issuer.list({ ttl: 1, status_list: { bits: 1, lst: lst([0xff, 0xff]) } })
    expect((await verify(token)).ok).toBe(true)
    await new Promise((resolve) => setTimeout(resolve, second))
    expect(await verify(token)).toEqual({ ok: false, reason: 'invalid' })
  })

  test('keeps no list beyond its end, whatever its ttl says (draft-ietf-oauth-status-list §8.3)', async () => {
    issuer.answer = { status: 200, body: await issuer.list({ ttl: 600, exp: now() + 1 }) }
    const token = await issuer.token()
    expect((await verify(token)).ok).toBe(true)
    await new Promise((resolve) => setTimeout(resolve, second))
    expect(await verify(token)).toEqual({ ok: false, reason: 'unavailable' })
  })

  test('goes on with the last list while no other can be had, until it is over, and then fails closed', async () => {
    issuer.answer = { status: 200, body: await issuer.list({ ttl: 0, exp: now() + 2 }) }
    const token = await issuer.token()
    expect((await verify(token)).ok).toBe(true)
    issuer.answer = null
    expect((await verify(token)).ok).toBe(true)
    await new Promise((resolve) => setTimeout(resolve, 2 * second))
    expect(await verify(token)).toEqual({ ok: false, reason: 'unavailable' })
  })

  test.each<[string, (own: Issuer) => Promise<string>]>([
    ['for another API', (own) => own.token({ aud: 'https://other.example/' })],
    ['of another issuer', (own) => own.token({ iss: 'https://other.example' })],
    ['that has expired', (own) => own.token({ exp: now() - 1 })],
    ['without a status', (own) => own.token({ status: undefined })],
    ['that is a status list', (own) => own.list()],
    ['that is nothing', () => Promise.resolve('abc')],
    ['tampered with', async (own) => tampered(await own.token())],
    ['signed by somebody else', async (own) => signedElsewhere(await own.token())],
  ])('refuses a token %s (RFC 9068 §4)', async (_, token) => {
    issuer.answer = { status: 200, body: await issuer.list() }
    expect(await verify(await token(issuer))).toEqual({ ok: false, reason: 'invalid' })
  })
})

test('the example API answers 401, 403 and 503 for what they mean (RFC 6750 §3.1)', async () => {
  const api = await listenOn(createApi({ issuer: issuer.url, audience: issuer.audience }))
  const ask = (token?: string) =>
    fetch(`${api.url}/orders`, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } })
  try {
    const [none, unknown] = [await ask(), await ask(await issuer.token())]
    expect([none.status, none.headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
    expect([unknown.status, unknown.headers.get('retry-after')]).toEqual([503, '2'])
    issuer.answer = { status: 200, body: await issuer.list() }
    const refused = await ask('abc')
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([
      401,
      'Bearer error="invalid_token"',
    ])
    expect((await ask(await issuer.token({ scope: 'orders:write' }))).status).toBe(403)
    expect(await (await ask(await issuer.token())).json()).toMatchObject({ sub: 'pat' })
  } finally {
    await api.stop()
  }
})

test('the example API lets in whoever signed in by one of the acr values it names, the stronger ones included (RFC 9470 §3, AZ-20)', async () => {
  const trusted = { issuer: issuer.url, audience: issuer.audience }
  const acrValues = ['urn:cardea:acr:mfa', 'urn:example:acr:strong']
  const [one, both] = await Promise.all([
    listenOn(createApi(trusted)),
    listenOn(createApi({ ...trusted, acrValues })),
  ])
  issuer.answer = { status: 200, body: await issuer.list() }
  const ask = async ({ url }: { url: string }, acr: string) => {
    const token = await issuer.token({ acr, auth_time: now() })
    const answer = await fetch(`${url}/invoices`, { headers: { authorization: `Bearer ${token}` } })
    return [answer.status, /acr_values="([^"]*)"/.exec(answer.headers.get('www-authenticate') ?? '')?.[1]]
  }
  try {
    for (const acr of acrValues) expect(await ask(both, acr)).toEqual([200, undefined])
    expect(await ask(both, 'urn:cardea:acr:pwd')).toEqual([401, acrValues.join(' ')])
    expect(await ask(one, 'urn:example:acr:strong')).toEqual([401, 'urn:cardea:acr:mfa'])
  } finally {
    await Promise.all([one.stop(), both.stop()])
  }
})

function tampered(jwt: string): string {
  const [header, body = '', signature] = jwt.split('.')
  const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as Record<string, unknown>
  const changed = Buffer.from(JSON.stringify({ ...claims, note: 1 })).toString('base64url')
  return [header, changed, signature].join('.')
}

/** The same in every word, with another's signature. */
async function signedElsewhere(jwt: string): Promise<string> {
  const { privateKey } = await generateKeyPair('ES256')
  const header = decodeProtectedHeader(jwt) as JWTHeaderParameters
  return new SignJWT(decodeJwt(jwt)).setProtectedHeader(header).sign(privateKey)
}
