import { createHash, randomBytes } from 'node:crypto'
import type { StoredClient } from '../../src/clients/index.ts'
import { basic } from './http-client.ts'
import type { Answer } from './http-client.ts'
import { codeOf, REDIRECT_URI } from './people.ts'
import type { Person } from './people.ts'
import type { TestServer } from './server.ts'
import { createUserAgent, formOf } from './user-agent.ts'
import type { UserAgent } from './user-agent.ts'

export type Verifier = { verifier: string; challenge: string }

export function pkce(verifier = randomBytes(32).toString('base64url')): Verifier {
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') }
}

export type AuthorizeParams = Record<string, string | undefined>

/** An authorization request with everything a good client sends; `undefined` takes a parameter out. */
export function authorizeUrl(
  client: Pick<StoredClient, 'id'>,
  challenge: string,
  params: AuthorizeParams = {},
): string {
  const all: AuthorizeParams = {
    client_id: client.id,
    response_type: 'code',
    redirect_uri: REDIRECT_URI,
    scope: 'openid',
    state: 'st4te',
    nonce: 'n0nce',
    code_challenge: challenge,
    code_challenge_method: 'S256',
    ...params,
  }
  const query = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return `/authorize?${new URLSearchParams(query).toString()}`
}

export type Options = {
  consent?: 'allow' | 'deny'
  ticked?: string[]
  tickedResources?: string[]
  stopAt?: RegExp
}

/** Follows redirects and answers each hosted page as the person would, until the browser leaves for the client. */
export async function walk(
  server: TestServer,
  agent: UserAgent,
  start: string,
  person: Person | null,
  options: Options = {},
): Promise<Answer> {
  let answer = await agent.get(start)
  for (let hops = 0; hops < 20; hops += 1) {
    if (answer.location !== undefined) {
      if (!isOurs(answer.location, server)) return answer
      if (options.stopAt?.test(answer.location)) return answer
      answer = await agent.get(answer.location)
      continue
    }
    const step = stepOf(answer)
    if (step === null || person === null || options.stopAt?.test(step)) return answer
    answer = await fill(server, agent, answer, step, person, options)
  }
  throw new Error('the sign-in leads in circles')
}

/** Which form a hosted page has: login, totp, consent …; null for a page that is an end. */
export function stepOf({ text }: Answer): string | null {
  return (
    /action="[^"]*\/interaction\/[^/"]+\/(login|totp|totp-enrol|recovery-codes?|select-account|consent)"/.exec(
      text,
    )?.[1] ?? null
  )
}

async function fill(
  server: TestServer,
  agent: UserAgent,
  page: Answer,
  step: string,
  person: Person,
  { consent = 'allow', ticked, tickedResources }: Options,
): Promise<Answer> {
  const { action, fields } = formOf(page, new RegExp(`/${step}$`))
  if (step === 'login')
    return agent.post(action, { ...fields, email: person.email, password: person.password })
  if (step === 'totp') return agent.post(action, { ...fields, code: await codeOf(server, person) })
  if (step === 'recovery-codes') return agent.post(action, { ...fields, saved: 'yes' })
  if (step === 'select-account') return agent.post(action, { ...fields, decision: 'continue' })
  if (step === 'totp-enrol') {
    person.totpSecret = /secret=([A-Z2-7]+)/.exec(page.text)?.[1] ?? null
    return agent.post(action, { ...fields, code: await codeOf(server, person, { keepReplayGuard: true }) })
  }
  const body = new URLSearchParams({ csrf: fields['csrf'] ?? '', decision: consent })
  for (const scope of ticked ?? inputs(page, 'scope')) body.append('scope', scope)
  for (const scope of tickedResources ?? inputs(page, 'resource_scope')) body.append('resource_scope', scope)
  return agent.post(action, body)
}

/** The values of all inputs of a name on a page. */
export function inputs({ text }: Answer, name: string): string[] {
  return [...text.matchAll(/<input\b[^>]*>/g)].flatMap(([tag]) =>
    tag.includes(`name="${name}"`) ? [/\bvalue="([^"]*)"/.exec(tag)?.[1] ?? ''] : [],
  )
}

function isOurs(location: string, { issuer }: TestServer): boolean {
  return location.startsWith('/') || location.startsWith(`${issuer}/`)
}

/** What the client was told at its redirect URI. */
export function told({ location, text, status }: Answer): Record<string, string> {
  if (location === undefined)
    throw new Error(`expected a redirect to the client, got ${status}: ${text.slice(0, 300)}`)
  return Object.fromEntries(new URL(location).searchParams)
}

export type Tokens = {
  access_token: string
  refresh_token: string
  id_token: string
  expires_in: number
  scope: string
  token_type: string
}
export type SignedIn = { agent: UserAgent; code: string; verifier: string }
type Confidential = StoredClient & { secret: string }

/** A person signs in at a client in a browser of their own; the code is not redeemed yet. */
export async function signIn(
  server: TestServer,
  client: StoredClient,
  person: Person,
  params: AuthorizeParams = {},
  options: Options & { agent?: UserAgent } = {},
): Promise<SignedIn> {
  const agent = options.agent ?? createUserAgent(server)
  const { verifier, challenge } = pkce()
  const answer = await walk(server, agent, authorizeUrl(client, challenge, params), person, options)
  const { code } = told(answer)
  if (code === undefined) throw new Error(`no code: ${answer.location}`)
  return { agent, code, verifier }
}

/** Sends a form to the token endpoint as the client. */
export function askToken(
  server: Pick<TestServer, 'ask'>,
  client: Confidential,
  form: Record<string, string>,
): Promise<Answer> {
  const isPublic = client.metadata.token_endpoint_auth_method === 'none'
  return server.ask('/token', {
    body: isPublic ? { client_id: client.id, ...form } : form,
    headers: isPublic ? {} : basic(client.id, client.secret),
  })
}

export function redeem(
  server: Pick<TestServer, 'ask'>,
  client: Confidential,
  { code, verifier }: Pick<SignedIn, 'code' | 'verifier'>,
  form: Record<string, string> = {},
): Promise<Answer> {
  return askToken(server, client, {
    grant_type: 'authorization_code',
    code,
    redirect_uri: REDIRECT_URI,
    code_verifier: verifier,
    ...form,
  })
}

export function refresh(
  server: Pick<TestServer, 'ask'>,
  client: Confidential,
  refreshToken: string,
  form: Record<string, string> = {},
): Promise<Answer> {
  return askToken(server, client, { grant_type: 'refresh_token', refresh_token: refreshToken, ...form })
}

/** Sign-in and code exchange in one: the tokens of a person at a client. */
export async function tokensFor(
  server: TestServer,
  client: Confidential,
  person: Person,
  params: AuthorizeParams = {},
): Promise<Tokens & { agent: UserAgent }> {
  const signedIn = await signIn(server, client, person, params)
  const answer = await redeem(server, client, signedIn)
  if (answer.status !== 200) throw new Error(`${answer.status}: ${answer.text}`)
  return { ...answer.json<Tokens>(), agent: signedIn.agent }
}

/** Is the token active, in the eyes of this confidential client? */
export async function isActive(
  server: Pick<TestServer, 'ask'>,
  client: Confidential,
  token: string,
): Promise<boolean> {
  const answer = await server.ask('/introspect', {
    body: { token },
    headers: basic(client.id, client.secret),
  })
  if (answer.status !== 200) throw new Error(`${answer.status}: ${answer.text}`)
  return answer.json<{ active: boolean }>().active
}

/** Signs out on the page for it, as a person does. */
export async function signOut(agent: UserAgent): Promise<void> {
  const { action, fields } = formOf(await agent.get('/logout'))
  await agent.post(action, { ...fields, logout: 'yes' })
}
