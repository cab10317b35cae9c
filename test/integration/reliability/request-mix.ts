import { randomUUID } from 'node:crypto'
import { reach } from '../../support/authorize.ts'
import { basic, bearer, send } from '../../support/http-client.ts'
import type { Answer } from '../../support/http-client.ts'
import { addApi, addClient, addPerson, machineClient, publicClient } from '../../support/people.ts'
import { authorizeUrl, pkce, redeem, refresh, signIn, tokensFor } from '../../support/sign-in.ts'
import type { Tokens } from '../../support/sign-in.ts'
import type { TestServer } from '../../support/server.ts'
import { createUserAgent, formOf } from '../../support/user-agent.ts'

/** One request of each kind that needs the database, by what it is; each can be sent any number of times. */
export type RequestMix = Record<string, () => Promise<Answer>>

/** Prepares a person with a live sign-in, clients of every kind and tokens, and makes a request of each. */
export async function prepareMix(server: TestServer): Promise<RequestMix> {
  const person = await addPerson(server)
  const confidential = await addClient(server)
  const publicOne = await addClient(server, { metadata: publicClient })
  const identifier = `https://${randomUUID()}.example/`
  const [api] = [await addClient(server, { metadata: { ...machineClient } })]
  await addApi(server, { identifier, clientId: api.id })
  const own = await tokensFor(server, confidential, person)
  let rotating = (await tokensFor(server, publicOne, person)).refresh_token
  const asClient = basic(confidential.id, confidential.secret)
  const asApi = basic(api.id, api.secret)
  const signedIn = own.agent
  const atLogin = await reach(server, confidential, person, 'login')
  const login = formOf(atLogin.page, /\/login$/)
  const atConsent = await reach(server, publicOne, person, 'consent', { params: { scope: 'openid email' } })
  const { code, verifier } = await signIn(server, confidential, person)
  const start = () => authorizeUrl(confidential, pkce().challenge)

  return {
    'a sign-in begins': () => createUserAgent(server).get(start()),
    'a silent authorization': () => signedIn.clone().get(`${start()}&prompt=none`),
    'the login page': () => atLogin.agent.clone().get(atLogin.at),
    'a wrong password': () =>
      atLogin.agent
        .clone()
        .post(login.action, { ...login.fields, email: 'nobody@example.com', password: 'x' }),
    'the consent page': () => atConsent.agent.clone().get(atConsent.at),
    'a code': () => redeem(server, confidential, { code, verifier }, { code_verifier: 'x'.repeat(43) }),
    'a refresh without rotation': () => refresh(server, confidential, own.refresh_token),
    'a refresh with rotation': async () => {
      const answer = await refresh(server, publicOne, rotating)
      if (answer.status === 200) rotating = answer.json<Tokens>().refresh_token
      return answer
    },
    'client credentials': () =>
      server.ask('/token', {
        body: { grant_type: 'client_credentials', resource: identifier, scope: 'orders:read' },
        headers: asApi,
      }),
    userinfo: () => server.ask('/userinfo', { headers: bearer(own.access_token) }),
    introspection: () => server.ask('/introspect', { body: { token: own.access_token }, headers: asClient }),
    'a revocation': () => server.ask('/revoke', { body: { token: 'unknown' }, headers: asClient }),
    'the logout page': () => signedIn.clone().get('/logout'),
  }
}

/** A request to the operations listener of the first instance. */
export function askOps({ instances }: TestServer, path: string): Promise<Answer> {
  const port = instances[0]?.opsPort ?? 0
  return send({ port, host: `127.0.0.1:${port}` }, path)
}
