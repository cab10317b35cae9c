import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { reach } from '../support/authorize.ts'
import { addApi, addClient, addPerson, REDIRECT_URI } from '../support/people.ts'
import { sendRaw, statusOf } from '../support/raw.ts'
import { everyRoute } from '../support/routes.ts'
import { randomFrom } from '../support/seeded.ts'
import { pkce, tokensFor } from '../support/sign-in.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { formOf } from '../support/user-agent.ts'
import type { UserAgent } from '../support/user-agent.ts'
import { nastyClaims, parameters } from './malformed-pieces.ts'
import { malformedRequest } from './malformed-requests.ts'
import type { Valid } from './malformed-requests.ts'

/** `FUZZ_REQUESTS=1000000 FUZZ_SEED=1 npm run jest -- malformed-requests` for longer. */
const REQUESTS = Number(process.env['FUZZ_REQUESTS'] ?? 3000)
const API = 'https://api.example/'

let server: TestServer
let port: number
let host: string
/** Somebody signed in, and somebody at each page of a sign-in. */
let valid: [Valid, ...Valid[]]
beforeAll(async () => {
  server = await startTestServer()
  port = server.instances[0]?.port ?? 0
  host = new URL(server.issuer).host
  const metadata = { token_endpoint_auth_method: 'client_secret_post', scope: 'openid email orders:read' }
  const client = await addClient(server, { metadata })
  await addApi(server, { identifier: API, clientId: client.id })
  const person = await addPerson(server)
  const { verifier, challenge } = pkce()
  const { agent, ...tokens } = await tokensFor(server, await addClient(server), person)
  const parameters = {
    client_id: client.id,
    client_secret: client.secret,
    redirect_uri: encodeURIComponent(REDIRECT_URI),
    response_type: 'code',
    scope: 'openid+orders:read',
    resource: encodeURIComponent(API),
    code_challenge: challenge,
    code_challenge_method: 'S256',
    code_verifier: verifier,
    grant_type: 'refresh_token',
    refresh_token: tokens.refresh_token,
    token: tokens.access_token,
    email: 'a@b.example',
    password: 'x',
    code: '000000',
    decision: 'allow',
  }
  const as = (browser: Pick<UserAgent, 'cookies'>, path: string, csrf: string): Valid => {
    const Cookie = browser.cookies.map(({ name, value }) => `${name}=${value}`).join('; ')
    const headers = { Cookie, Origin: server.issuer, Accept: 'text/html' }
    return { headers, path, parameters: { ...parameters, csrf } }
  }
  valid = [as(agent, '/authorize', '')]
  for (const step of ['login', 'totp', 'consent']) {
    const { agent: browser, page } = await reach(server, client, person, step)
    const { action, fields } = formOf(page, new RegExp(`/${step}$`))
    // Without the cookie that resumes it, or the first such request would end the sign-in for all that follow.
    const kept = browser.cookies.filter(({ name }) => !name.startsWith('cardea_resume'))
    valid.push(as({ cookies: kept }, action, fields['csrf'] ?? ''))
  }
  // And a browser that sends the cookies of two at once.
  const other = await reach(server, client, person, 'login')
  valid.push(as({ cookies: [...agent.cookies, ...other.agent.cookies] }, '/authorize', ''))
})
afterAll(() => server.stop())

const failures = () => server.log.filter((line) => /"level":(40|50|60)|"status":5\d\d/.test(line))

/** Sends all, some at once; returns those that were answered as if the fault were ours, and the log's word on them. */
async function wronglyAnswered(requests: string[]): Promise<string[]> {
  const before = failures().length
  const wrong: string[] = []
  const waiting = [...requests]
  const one = async () => {
    for (let bytes = waiting.pop(); bytes !== undefined; bytes = waiting.pop()) {
      const answer = await sendRaw(port, bytes)
      if (statusOf(answer) >= 500) wrong.push(`${bytes.slice(0, 2000)}\n→ ${answer.slice(0, 200)}`)
    }
  }
  await Promise.all(Array.from({ length: 16 }, one))
  return [
    ...wrong,
    ...failures()
      .slice(before)
      .map((line) => line.slice(0, 1500)),
  ]
}

function request(method: string, path: string, form: string): string {
  const isGet = method === 'GET'
  const lines = [`${method} ${path}${isGet ? `?${form}` : ''} HTTP/1.1`, `Host: ${host}`, 'Connection: close']
  const type = ['Content-Type: application/x-www-form-urlencoded', `Content-Length: ${form.length}`]
  return `${[...lines, ...(isGet ? [] : type)].join('\r\n')}\r\n\r\n${isGet ? '' : form}`
}

/** Everything valid, but for one parameter. */
function withOne(name: string, value: string): string {
  const { [name]: _replaced, ...others } = valid[0].parameters
  return [...Object.entries(others), [name, value]].map((pair) => pair.join('=')).join('&')
}

describe('malformed input is answered as the sender’s fault, never as ours (HT-06, ASVS 16.5.1)', () => {
  test.each(['%00', 'x%00x', '%ED%A0%80', '%C0%80', '%'])(
    '%s in each parameter of each route',
    async (value) => {
      const names = parameters.filter((name) => !name.includes('%'))
      const requests = everyRoute.flatMap(({ path, methods }) =>
        methods.flatMap((method) => names.map((name) => request(method, path, withOne(name, value)))),
      )
      const sample = requests.filter((_, nth) => nth % 3 === value.length % 3)
      expect(await wronglyAnswered(sample)).toEqual([])
    },
  )

  test('claims of every wrong shape and depth', async () => {
    const ways = ['', '&prompt=none', '&acr_values=urn:cardea:acr:mfa']
    const requests = nastyClaims.flatMap((claims) =>
      ways.flatMap((more) => [
        request('GET', '/authorize', withOne('claims', claims) + more),
        request('GET', '/authorize', withOne('claims', claims) + more).replace(
          '\r\n\r\n',
          `\r\nCookie: ${valid[0].headers['Cookie']}\r\n\r\n`,
        ),
      ]),
    )
    expect(await wronglyAnswered(requests)).toEqual([])
  })

  test.each(['1e300', '1e309', '-1', 'abc', '1.5', '9'.repeat(99), 'NaN', '', '0x10', '-0'])(
    'max_age=%s, with a session and without',
    async (value) => {
      const asked = request('GET', '/authorize', withOne('max_age', value))
      const withSession = asked.replace('\r\n\r\n', `\r\nCookie: ${valid[0].headers['Cookie']}\r\n\r\n`)
      expect(await wronglyAnswered([asked, withSession])).toEqual([])
    },
  )

  test('credentials of every wrong shape', async () => {
    const pairs = [
      'a',
      ':',
      'a:',
      ':b',
      'a%00:b',
      '%:%',
      'a:b%00',
      '\xff:\xff',
      '__proto__:x',
      `${'x'.repeat(9000)}:y`,
    ]
    const bodies = [
      'grant_type=client_credentials',
      'token=x',
      'grant_type=__proto__',
      'grant_type[]=a',
      'client_assertion=x',
    ]
    const requests = pairs.flatMap((pair) =>
      bodies.map((body) =>
        request('POST', '/token', body).replace(
          '\r\n\r\n',
          `\r\nAuthorization: Basic ${Buffer.from(pair, 'latin1').toString('base64')}\r\n\r\n`,
        ),
      ),
    )
    expect(await wronglyAnswered(requests)).toEqual([])
  })

  test(
    `${REQUESTS} random requests with something wrong in each (FT-19)`,
    async () => {
      const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 1_000_000)
      const random = randomFrom(seed)
      const requests = Array.from({ length: REQUESTS }, () =>
        malformedRequest(random, host, valid[Math.floor(random() * valid.length)] ?? valid[0]),
      )
      expect({ seed, wrong: await wronglyAnswered(requests) }).toEqual({ seed, wrong: [] })
      const served = server.log.flatMap((line) =>
        /"msg":"request"/.test(line) ? [(JSON.parse(line) as { status: number }).status] : [],
      )
      // It was not all turned away at the door.
      expect(new Set(served)).toEqual(new Set([...served, 200, 303, 400, 401, 404, 405, 415, 422]))
    },
    90_000 + REQUESTS * 20,
  )
})

test('the server goes on as if nothing had been', async () => {
  await tokensFor(server, await addClient(server), await addPerson(server))
})
