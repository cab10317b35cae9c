import { send } from '../test/support/http-client.ts'
import type { TestServer } from '../test/support/server.ts'
import { authorizeUrl, pkce, told, walk } from '../test/support/sign-in.ts'
import { createUserAgent } from '../test/support/user-agent.ts'
import type { UserAgent } from '../test/support/user-agent.ts'
import { PERSON, REDIRECT_URI } from './cast.ts'
import type { ClientId } from './cast.ts'
import type { Contender } from './contender.ts'

/** The same for every request: what is measured is the server. */
export const VERIFIER = 'bench-verifier-0123456789-0123456789-0123456789'
const { challenge } = pkce(VERIFIER)

/** One person in several browsers, each with a session of its own: so that no single grant collects all tokens. */
export type Browsers = {
  /** Leads browser `index` through authorization, signing in where the server asks for it; gives the code. */
  codeFor(index: number, client: ClientId): Promise<string>
  /** The Cookie header that browser `index` sends to the authorization endpoint. */
  cookieOf(index: number): string
}

export function openBrowsers({ port, issuer }: Contender): Browsers {
  const host = new URL(issuer).host
  const instance = { ask: (path, ask) => send({ port, host }, path, ask) } as TestServer['instances'][number]
  const server = { issuer, instances: [instance] } as TestServer
  const agents = new Map<number, UserAgent>()
  const agentOf = (index: number): UserAgent => {
    const agent = agents.get(index) ?? createUserAgent(server)
    agents.set(index, agent)
    return agent
  }
  const person = { ...PERSON, id: '', totpSecret: null }
  return {
    async codeFor(index, client) {
      const { code } = told(await walk(server, agentOf(index), authorizePath(client), person))
      if (code === undefined) throw new Error('the sign-in gave no code')
      return code
    },
    cookieOf: (index) =>
      agentOf(index)
        .cookies.filter(({ path }) => path === '/')
        .map(({ name, value }) => `${name}=${value}`)
        .join('; '),
  }
}

export function authorizePath(client: ClientId): string {
  return authorizeUrl({ id: client }, challenge, {
    scope: 'openid profile email',
    redirect_uri: REDIRECT_URI,
  })
}
