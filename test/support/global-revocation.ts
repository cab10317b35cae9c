import { ADMIN_API } from '../../src/clients/index.ts'
import { bearer } from './http-client.ts'
import type { Answer, Ask } from './http-client.ts'
import { addClient, addPerson, machineClient } from './people.ts'
import type { Person } from './people.ts'
import { askToken, isActive, tokensFor } from './sign-in.ts'
import type { Tokens } from './sign-in.ts'
import { startTestServer } from './server.ts'
import type { TestServer } from './server.ts'

type App = Awaited<ReturnType<typeof addClient>>

export const GLOBAL_REVOCATION = '/global-token-revocation'

/** A server, a security tool with a token for its global token revocation endpoint, and a person signed in at an app. */
export async function startRevocationStage() {
  const server = await startTestServer({ instances: 2 })
  const app = await addClient(server)
  const tool = await addClient(server, { metadata: { ...machineClient, scope: 'global:revoke' } })
  const token = await adminTokenFor(server, tool, 'global:revoke')
  const stage = {
    ...{ server, app, tool, token, ...(await signInAnew(server, app)) },
    /** The subject identifier of the person, in a request. */
    byId: () => ({ sub_id: { format: 'opaque', id: stage.person.id } }),
    stillIn: () => isActive(server, app, stage.signedIn.access_token),
    /** Before each test: someone who is signed in. */
    async ready(): Promise<void> {
      if (!(await stage.stillIn())) Object.assign(stage, await signInAnew(server, app))
    },
    ask(body: unknown, { headers = {}, ...options }: Ask = {}, authorization: object = bearer(token)) {
      const text = typeof body === 'string' ? body : JSON.stringify(body)
      const all = { 'content-type': 'application/json', ...authorization, ...headers }
      return server.ask(GLOBAL_REVOCATION, { method: 'POST', body: text, headers: all, ...options })
    },
    events: (type: string) =>
      server.database.prisma.auditEvent.findMany({ where: { type }, orderBy: { id: 'desc' } }),
  }
  return stage satisfies { ask: (body: unknown) => Promise<Answer> }
}

async function signInAnew(
  server: TestServer,
  app: App,
): Promise<{ person: Person; signedIn: Awaited<ReturnType<typeof tokensFor>> }> {
  const person = await addPerson(server, { totp: false })
  const offline = { scope: 'openid offline_access', prompt: 'consent' }
  return { person, signedIn: await tokensFor(server, app, person, offline) }
}

/** A machine's own token for the admin API. */
export async function adminTokenFor(server: TestServer, client: App, scope: string): Promise<string> {
  const form = { grant_type: 'client_credentials', scope, resource: ADMIN_API }
  const answer = await askToken(server, client, form)
  if (answer.status !== 200) throw new Error(answer.text)
  return answer.json<Tokens>().access_token
}
