import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createSampleApp } from '../../examples/sample-app/app.ts'
import type { StoredClient } from '../../src/clients/index.ts'
import { createResourceServer } from '../../src/clients/index.ts'
import { addClient } from './people.ts'
import type { TestServer } from './server.ts'

export type SampleApp = {
  url: string
  name: string
  client: StoredClient
  stop(): Promise<void>
}

/**
 * The sample app in this process, registered as the development seed registers it: an app and its API. A second one wants
 * another `host`, because browsers do not tell cookies apart by port.
 */
export async function startSampleApp(
  server: TestServer,
  {
    host = 'localhost',
    name = 'Sample app',
    acrValues = ['urn:cardea:acr:mfa'],
  }: { host?: 'localhost' | '127.0.0.1'; name?: string; acrValues?: readonly string[] } = {},
): Promise<SampleApp> {
  const listener = createServer()
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  const url = `http://${host}:${(listener.address() as AddressInfo).port}`
  const client = await addClient(server, {
    name,
    metadata: {
      redirect_uris: [`${url}/callback`],
      post_logout_redirect_uris: [`${url}/signed-out`],
      client_uri: `${url}/`,
      require_auth_time: true,
    },
  })
  const api = await addClient(server, {
    name: `${name}'s API`,
    metadata: { redirect_uris: [], post_logout_redirect_uris: [], grant_types: [] },
  })
  const resource = `${url}/api`
  await createResourceServer(server.database.prisma, {
    identifier: resource,
    name: 'Sample shop',
    scopes: [{ name: 'orders:read', description: 'See your orders', optional: true }],
    clientId: api.id,
  })
  const app = createSampleApp({
    issuer: new URL(server.issuer),
    baseUrl: new URL(url),
    clientId: client.id,
    clientSecret: client.secret,
    cookieKey: randomBytes(32).toString('base64url'),
    api: { resource, clientId: api.id, clientSecret: api.secret, acrValues },
  })
  const handle = app.callback()
  listener.on('request', (request, response) => void handle(request, response))
  return {
    url,
    name,
    client,
    stop: () =>
      new Promise((resolve) => {
        listener.close(() => resolve())
        listener.closeAllConnections()
      }),
  }
}
