import type { StoredClient } from '../../src/clients/index.ts'
import type { Answer } from './http-client.ts'
import type { Person } from './people.ts'
import type { TestServer } from './server.ts'
import { authorizeUrl, pkce, stepOf, walk } from './sign-in.ts'
import type { AuthorizeParams } from './sign-in.ts'
import { createUserAgent, formOf } from './user-agent.ts'
import type { UserAgent } from './user-agent.ts'

type App = Pick<StoredClient, 'id'>

/** One authorization request of a good client, not followed; `undefined` takes a parameter out. */
export function authorize(agent: UserAgent, client: App, params: AuthorizeParams = {}): Promise<Answer> {
  return agent.get(authorizeUrl(client, pkce().challenge, params))
}

/** What the client is told about the session the browser has, without any page. */
export function askSilently(agent: UserAgent, client: App, params: AuthorizeParams = {}): Promise<Answer> {
  return authorize(agent, client, { prompt: 'none', ...params })
}

export type AtStep = { agent: UserAgent; page: Answer; uid: string; at: string }

/** A sign-in under way: everything before the step is answered as the person would, its page is open. */
export async function reach(
  server: TestServer,
  client: App,
  person: Person | null,
  step: string,
  { params = {}, agent = createUserAgent(server) }: { params?: AuthorizeParams; agent?: UserAgent } = {},
): Promise<AtStep> {
  const start = authorizeUrl(client, pkce().challenge, params)
  const page = await walk(server, agent, start, person, { stopAt: new RegExp(`^${step}$`) })
  if (stepOf(page) !== step)
    throw new Error(`expected ${step}: ${page.status} ${page.location ?? page.text.slice(0, 200)}`)
  const [, uid = ''] = /^\/interaction\/([^/]+)\//.exec(formOf(page, new RegExp(`/${step}$`)).action) ?? []
  return { agent, page, uid, at: `/interaction/${uid}` }
}

/** What an ID token (or another JWT) says; its signature is other tests' business. */
export function claimsOf(jwt: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>
}
