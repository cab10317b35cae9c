import { randomUUID } from 'node:crypto'
import { ADMIN_API } from '../../src/clients/index.ts'
import type { AdminScope } from '../../src/clients/index.ts'
import { bearer, send } from './http-client.ts'
import type { Answer } from './http-client.ts'
import { addClient } from './people.ts'
import type { TestServer } from './server.ts'
import { askToken } from './sign-in.ts'
import type { Tokens } from './sign-in.ts'

/** A machine that may do this at the admin API of a running server, with a token from that server's token endpoint. */
export async function addOperator(
  server: TestServer,
  scopes: AdminScope[],
): Promise<{
  token: string
  /** Sends a change with an Idempotency-Key; with the same key again, it is the same change. */
  post(opsPort: number, path: string, body: object, key?: string): Promise<Answer>
}> {
  const scope = scopes.join(' ')
  const metadata = {
    redirect_uris: [],
    post_logout_redirect_uris: [],
    grant_types: ['client_credentials'],
    scope,
  }
  const client = await addClient(server, { metadata })
  const form = { grant_type: 'client_credentials', resource: ADMIN_API, scope }
  const answer = await askToken(server, client, form)
  if (answer.status !== 200) throw new Error(`${answer.status}: ${answer.text}`)
  const { access_token: token } = answer.json<Tokens>()
  return {
    token,
    post: (opsPort, path, body, key = randomUUID()) =>
      send({ port: opsPort, host: `127.0.0.1:${opsPort}` }, path, {
        method: 'POST',
        body: JSON.stringify(body),
        headers: { ...bearer(token), 'content-type': 'application/json', 'idempotency-key': key },
      }),
  }
}
