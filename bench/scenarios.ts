import { API, authentication, REDIRECT_URI } from './cast.ts'
import type { ClientId } from './cast.ts'
import { authorizePath, openBrowsers, VERIFIER } from './browsers.ts'
import type { Contender } from './contender.ts'
import { encode, runLoad } from './load.ts'
import type { Answer, Load } from './load.ts'

/** Requests in flight, and browsers with a session of their own. */
export const LANES = 16
/** The in-memory adapter forgets what is older than its newest thousand entries: codes are made and spent in batches below that. */
const CODES_AT_ONCE = 240

/** A stretch of load to be timed; what had to be prepared for it is done. */
export type Stretch = Pick<Load, 'request' | 'accept'> & { requests: number }

export type Scenario = {
  name: string
  title: string
  /** Requests in one round of a full run. */
  requests: number
  /** Signs in and prepares at a server; gives the maker of stretches of at most the wanted number of requests. */
  open(at: Contender): Promise<(wanted: number) => Promise<Stretch>>
}

export const scenarios: Scenario[] = [
  {
    name: 'client-credentials-opaque',
    title: 'client_credentials, opaque',
    requests: 1500,
    open: (at) => steady(at, () => tokenRequest(at, 'machine', { grant_type: 'client_credentials' })),
  },
  {
    name: 'client-credentials-jwt',
    title: 'client_credentials, JWT (ES256)',
    requests: 1500,
    open: (at) => {
      const form = { grant_type: 'client_credentials', resource: API.identifier, scope: API.scope }
      return steady(at, () => tokenRequest(at, 'machine', form))
    },
  },
  codeExchange('code-rs256', 'code exchange, ID token RS256', 'web'),
  codeExchange('code-es256', 'code exchange, ID token ES256', 'web-es256'),
  rotation('refresh-rotating-rs256', 'refresh with rotation, RS256', 'spa'),
  rotation('refresh-rotating-es256', 'refresh with rotation, ES256', 'spa-es256'),
  refresh('refresh-confidential-rs256', 'refresh without rotation, RS256', 'web'),
  refresh('refresh-confidential-es256', 'refresh without rotation, ES256', 'web-es256'),
  {
    name: 'introspection',
    title: 'introspection, opaque token',
    requests: 1500,
    async open(at) {
      const tokens = await signedIn(at, 'web')
      const { headers } = authentication('web')
      return steady(
        at,
        (lane) =>
          encode(hostOf(at), 'POST', '/introspect', { headers, form: { token: tokens[lane]?.access ?? '' } }),
        (answer) => answer.body.startsWith('{"active":true'),
      )
    },
  },
  {
    name: 'userinfo',
    title: 'userinfo',
    requests: 1500,
    async open(at) {
      const tokens = await signedIn(at, 'web')
      return steady(at, (lane) =>
        encode(hostOf(at), 'GET', '/userinfo', {
          headers: { authorization: `Bearer ${tokens[lane]?.access ?? ''}` },
        }),
      )
    },
  },
  {
    name: 'authorize',
    title: 'authorize with a session',
    requests: 600,
    async open(at) {
      const { requests } = await authorizations(at, 'web')
      return (wanted) =>
        Promise.resolve({
          requests: Math.min(wanted, 2 * CODES_AT_ONCE),
          request: (_turn, lane) => requests[lane] ?? Buffer.alloc(0),
          accept: (answer) => expect(answer, 303, /[?&]code=/.test(answer.head)),
        })
    },
  },
]

function codeExchange(name: string, title: string, client: ClientId): Scenario {
  return {
    name,
    title,
    requests: 720,
    async open(at) {
      const { requests } = await authorizations(at, client)
      return async (wanted) => {
        const codes: string[] = []
        await runLoad({
          port: at.port,
          lanes: LANES,
          requests: Math.min(wanted, CODES_AT_ONCE),
          request: (_turn, lane) => requests[lane] ?? Buffer.alloc(0),
          accept(answer) {
            const code = /[?&]code=([^&\r]+)/.exec(answer.head)?.[1]
            expect(answer, 303, code !== undefined)
            codes.push(code ?? '')
          },
        })
        const exchanges = codes.map((code) => tokenRequest(at, client, redeeming(code)))
        return {
          requests: exchanges.length,
          request: (turn) => exchanges[turn] ?? Buffer.alloc(0),
          accept: (answer) => expect(answer, 200, answer.body.includes('"id_token"')),
        }
      }
    },
  }
}

function rotation(name: string, title: string, client: ClientId): Scenario {
  return {
    name,
    title,
    requests: 720,
    async open(at) {
      const tokens = (await signedIn(at, client)).map(({ refresh }) => refresh)
      return (wanted) =>
        Promise.resolve({
          requests: wanted,
          request: (_turn, lane) =>
            tokenRequest(at, client, { grant_type: 'refresh_token', refresh_token: tokens[lane] ?? '' }),
          accept(answer, lane) {
            const { refresh_token: next } = JSON.parse(answer.body) as { refresh_token?: string }
            expect(answer, 200, next !== undefined && next !== tokens[lane])
            tokens[lane] = next ?? ''
          },
        })
    },
  }
}

function refresh(name: string, title: string, client: ClientId): Scenario {
  return {
    name,
    title,
    requests: 720,
    async open(at) {
      const tokens = await signedIn(at, client)
      return steady(at, (lane) =>
        tokenRequest(at, client, { grant_type: 'refresh_token', refresh_token: tokens[lane]?.refresh ?? '' }),
      )
    },
  }
}

/** The same request over and over on each lane, answered with 200. */
function steady(
  _at: Contender,
  requestOf: (lane: number) => Buffer,
  isRight: (answer: Answer) => boolean = () => true,
): ReturnType<Scenario['open']> {
  const requests = Array.from({ length: LANES }, (_, lane) => requestOf(lane))
  return Promise.resolve((wanted: number) =>
    Promise.resolve({
      requests: wanted,
      request: (_turn: number, lane: number) => requests[lane] ?? Buffer.alloc(0),
      accept: (answer: Answer) => expect(answer, 200, isRight(answer)),
    }),
  )
}

const browsersOf = new WeakMap<Contender, ReturnType<typeof openBrowsers>>()

function browsersAt(at: Contender): ReturnType<typeof openBrowsers> {
  const browsers = browsersOf.get(at) ?? openBrowsers(at)
  browsersOf.set(at, browsers)
  return browsers
}

/** For each lane a browser that is signed in at the client, and its next authorization request. */
async function authorizations(
  at: Contender,
  client: ClientId,
): Promise<{ requests: Buffer[]; codes: string[] }> {
  const browsers = browsersAt(at)
  const requests: Buffer[] = []
  const codes: string[] = []
  for (let lane = 0; lane < LANES; lane += 1) {
    codes.push(await browsers.codeFor(lane, client))
    requests.push(
      encode(hostOf(at), 'GET', authorizePath(client), { headers: { cookie: browsers.cookieOf(lane) } }),
    )
  }
  return { requests, codes }
}

/** For each lane the tokens of a sign-in at the client. */
async function signedIn(at: Contender, client: ClientId): Promise<{ access: string; refresh: string }[]> {
  const { codes } = await authorizations(at, client)
  const tokens: { access: string; refresh: string }[] = []
  await runLoad({
    port: at.port,
    lanes: 1,
    requests: codes.length,
    request: (turn) => tokenRequest(at, client, redeeming(codes[turn] ?? '')),
    accept(answer) {
      expect(answer, 200, true)
      const body = JSON.parse(answer.body) as { access_token: string; refresh_token: string }
      tokens.push({ access: body.access_token, refresh: body.refresh_token })
    },
  })
  return tokens
}

function redeeming(code: string): Record<string, string> {
  return { grant_type: 'authorization_code', code, redirect_uri: REDIRECT_URI, code_verifier: VERIFIER }
}

function tokenRequest(at: Contender, client: ClientId, form: Record<string, string>): Buffer {
  const { headers, form: identity } = authentication(client)
  return encode(hostOf(at), 'POST', '/token', { headers, form: { ...identity, ...form } })
}

function hostOf({ issuer }: Contender): string {
  return new URL(issuer).host
}

function expect(answer: Answer, status: number, right: boolean): void {
  if (answer.status !== status || !right)
    throw new Error(`an unexpected answer: ${answer.head}\n${answer.body}`)
}
