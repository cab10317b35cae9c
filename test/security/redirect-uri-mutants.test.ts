import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { authorize, reach } from '../support/authorize.ts'
import type { Answer } from '../support/http-client.ts'
import { addClient, addPerson, REDIRECT_URI } from '../support/people.ts'
import { authorizeUrl, pkce, redeem, signIn, told } from '../support/sign-in.ts'
import type { AuthorizeParams } from '../support/sign-in.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { createUserAgent, formOf } from '../support/user-agent.ts'
import type { UserAgent } from '../support/user-agent.ts'

/** What a parser, a prefix, a pattern or a normaliser has taken for https://rp.example/cb somewhere. */
const mutants = [
  // Another authority: prefix host, userinfo, several @, a dot for any character (CVE-2024-8883, CVE-2024-52289).
  'https://rp.example.evil.com/cb',
  'https://rpXexample/cb',
  'https://evil.com/cb',
  'https://evil.com/https://rp.example/cb',
  'https://evil.com?https://rp.example/cb',
  'https://evil.com#https://rp.example/cb',
  'https://rp.example@evil.com/cb',
  'https://rp.example:443@evil.com/cb',
  'https://rp.example%40evil.com/cb',
  'https://user@rp.example/cb',
  'https://a@b@rp.example/cb',
  'https://evil.com\\@rp.example/cb',
  'https://rp.example\\.evil.com/cb',
  'https:\\\\rp.example\\cb',
  'https://*/cb',
  'https://*.example/cb',
  // The same host in other words.
  'https://rp.example:443/cb',
  'https://rp.example./cb',
  'https://RP.EXAMPLE/cb',
  'https://rp.exаmple/cb',
  'https://rp。example/cb',
  'https://xn--rp-example/cb',
  'https://[::1]/cb',
  // Another path: dot segments, path parameters, encodings, case (CVE-2026-3872, CVE-2024-1132).
  'https://rp.example/cb/../x',
  'https://rp.example/x/../cb',
  'https://rp.example/cb/..;/x',
  'https://rp.example/cb/%2e%2e/x',
  'https://rp.example/cb/%252e%252e/x',
  'https://rp.example/cb%252fx',
  'https://rp.example/c%62',
  'https://rp.example/cb;x',
  'https://rp.example/cb/',
  'https://rp.example//cb',
  'https://rp.example/CB',
  'https://rp.example/',
  'https://rp.example',
  'https://rp.example/cb?x=1',
  'https://rp.example/cb?',
  'https://rp.example/cb#f',
  'https://rp.example/cb#',
  // Another scheme, or none (CVE-2020-15233).
  'HTTPS://rp.example/cb',
  'http://rp.example/cb',
  'https:/rp.example/cb',
  'https:rp.example/cb',
  '//rp.example/cb',
  'rp.example/cb',
  '/cb',
  'javascript:alert(1)',
  'JaVaScRiPt://rp.example/cb%0aalert(1)',
  'data:text/html,<script>alert(1)</script>',
  'urn:ietf:wg:oauth:2.0:oob',
  // White space and control characters.
  ' https://rp.example/cb',
  'https://rp.example/cb ',
  'https://rp.example/cb\t',
  'https://rp.exa\tmple/cb',
  'https://rp.example/cb\r\nSet-Cookie: a=b',
  'https://rp.example/cb\0',
  'https://rp.example/cb%00',
  // Two in one, and words of the language.
  'https://rp.example/cb https://evil.com/cb',
  'https://rp.example/cb,https://evil.com/cb',
  'null',
  '__proto__',
  // Registered, but by another client.
  'https://other.example/cb',
]

let server: TestServer
let client: Awaited<ReturnType<typeof addClient>>
let signedIn: UserAgent
beforeAll(async () => {
  server = await startTestServer()
  client = await addClient(server)
  await addClient(server, { metadata: { redirect_uris: ['https://other.example/cb'] } })
  const person = await addPerson(server)
  signedIn = (await signIn(server, client, person)).agent
})
afterAll(() => server.stop())

/** Null for a refusal that leads nowhere; otherwise what is wrong with the answer. */
function flaw({ status, headers, location, text }: Answer, uri: string): string | null {
  if (location !== undefined) return `${uri} → ${status} ${location}`
  if (status !== 400) return `${uri} → ${status}`
  if (!headers['content-type']?.startsWith('text/html')) return `${uri} → ${headers['content-type']}`
  const targets = [...text.matchAll(/(?:href|src|action)="([^"]*)"/g)].map(([, target = '']) => target)
  // Our own files, the choice of a language, and the client's registered front door.
  const fine = (target: string) =>
    target.startsWith('/assets/') || target === '/language' || target === 'https://rp.example/'
  const foreign = targets.find((target) => !fine(target))
  return foreign === undefined ? null : `${uri} → a link to ${foreign}`
}

async function flaws(uris: string[], ask: (uri: string) => Promise<Answer>): Promise<string[]> {
  const found: string[] = []
  for (const uri of uris) {
    const problem = flaw(await ask(uri), uri)
    if (problem !== null) found.push(problem)
  }
  return found
}

describe('a redirect URI that is not exactly a registered one', () => {
  test('is told from a registered one: that one works', async () => {
    expect(told(await authorize(signedIn, client, { prompt: 'none' }))['code']).toBeDefined()
  })

  test.each<[string, AuthorizeParams]>([
    ['of a browser that is signed in', {}],
    ['in a silent request', { prompt: 'none' }],
    ['when something else is wrong as well', { response_type: 'token' }],
    ['when the scope is malformed as well', { scope: 'openid "' }],
    ['when the challenge is missing as well', { code_challenge: undefined }],
    ['in response mode form_post', { response_mode: 'form_post', prompt: 'none' }],
    ['in response mode fragment', { response_mode: 'fragment', prompt: 'none' }],
    ['in an unknown response mode', { response_mode: 'form_post.jwt', prompt: 'none' }],
  ])('gets a page and never a redirect: %s (AZ-01, RFC 9700 section 2.1)', async (_when, params) => {
    expect(
      await flaws(mutants, (uri) => authorize(signedIn, client, { ...params, redirect_uri: uri })),
    ).toEqual([])
  })

  test('gets a page and never a redirect: of a browser without a session (AZ-01, AZ-04)', async () => {
    const ask = (uri: string) => authorize(createUserAgent(server), client, { redirect_uri: uri })
    expect(await flaws(mutants, ask)).toEqual([])
  })

  test('gets a page and never a redirect: beside a registered one, in either order (AZ-01, AZ-09)', async () => {
    const start = authorizeUrl(client, pkce().challenge, { redirect_uri: undefined, prompt: 'none' })
    const right = encodeURIComponent(REDIRECT_URI)
    const wrong = encodeURIComponent('https://evil.com/cb')
    const orders = [
      `redirect_uri=${right}&redirect_uri=${wrong}`,
      `redirect_uri=${wrong}&redirect_uri=${right}`,
      `redirect_uri[]=${right}`,
      `Redirect_uri=${right}`,
    ]
    expect(await flaws(orders, (both) => signedIn.get(`${start}&${both}`))).toEqual([])
  })

  test('is not made good by the client having only one (AZ-01): leaving it out is refused too', async () => {
    expect(
      await flaws(['(none)'], () => authorize(signedIn, client, { redirect_uri: undefined, prompt: 'none' })),
    ).toEqual([])
  })

  test('is not let in at the resumption: it goes where the request began by saying (AZ-01)', async () => {
    const { agent, page, at } = await reach(server, client, await addPerson(server), 'consent')
    const form = { ...formOf(page, /consent$/).fields, decision: 'allow', scope: 'openid' }
    const decided = await agent.post(`${at}/consent`, form)
    const resume = `${decided.location ?? ''}?redirect_uri=${encodeURIComponent('https://evil.com/cb')}`
    const answer = await agent.get(resume)
    expect(answer.location).toMatch(/^https:\/\/rp\.example\/cb\?code=/)
  })
})

describe('a loopback redirect URI', () => {
  const native = () =>
    addClient(server, {
      metadata: {
        application_type: 'native',
        token_endpoint_auth_method: 'none',
        redirect_uris: ['http://127.0.0.1/cb', 'http://[::1]/cb', 'com.example.app:/cb'],
      },
    })

  test('of a native client may have any port, and the code is bound to that one (AZ-02, RFC 8252 section 7.3)', async () => {
    const app = await native()
    const person = await addPerson(server)
    for (const [uri, wrong] of [
      ['http://127.0.0.1:51234/cb', 'http://127.0.0.1:51235/cb'],
      ['http://[::1]:8/cb', 'http://[::1]/cb'],
    ] as const) {
      const session = await signIn(server, app, person, { redirect_uri: uri })
      expect((await redeem(server, app, session, { redirect_uri: wrong })).status).toBe(400)
      expect((await redeem(server, app, session, { redirect_uri: uri })).status).toBe(200)
    }
  })

  test('of a native client may differ in nothing but the port (AZ-02)', async () => {
    const app = await native()
    const uris = [
      'http://localhost.evil:1/cb',
      'http://localhost:51234/cb',
      'http://127.0.0.1.evil.com:51234/cb',
      'http://127.0.0.1:51234@evil.com/cb',
      'http://user@127.0.0.1:51234/cb',
      'http://127.0.0.2:51234/cb',
      'http://127.1:51234/cb',
      'http://0x7f.0.0.1:51234/cb',
      'http://2130706433:51234/cb',
      'http://[::ffff:127.0.0.1]:51234/cb',
      'http://0.0.0.0:51234/cb',
      'http://127.0.0.1:99999/cb',
      'http://127.0.0.1:51234/CB',
      'http://127.0.0.1:51234/cb/',
      'http://127.0.0.1:51234/cb?x=1',
      'http://127.0.0.1:51234/cb#x',
      'http://127.0.0.1:51234/x/../cb',
      'http://127.0.0.1:51234\\cb',
      'https://127.0.0.1:51234/cb',
      'com.example.app://cb',
      'com.example.app:/cb:51234',
      'com.example.application:/cb',
    ]
    expect(await flaws(uris, (uri) => authorize(signedIn, app, { redirect_uri: uri }))).toEqual([])
  })

  test('of a web client has the port it was registered with (AZ-02)', async () => {
    const web = await addClient(server, { metadata: { redirect_uris: ['http://127.0.0.1:4000/cb'] } })
    const uris = ['http://127.0.0.1:4001/cb', 'http://127.0.0.1/cb', 'http://[::1]:4000/cb']
    expect(await flaws(uris, (uri) => authorize(signedIn, web, { redirect_uri: uri }))).toEqual([])
    const right = await authorize(signedIn, web, { redirect_uri: 'http://127.0.0.1:4000/cb' })
    expect(right.status).toBe(303)
  })
})
