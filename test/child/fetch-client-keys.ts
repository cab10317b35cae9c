// A client's keys are at each of the given hosts, which all lead to one server on this machine: writes what came of it.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { addAssertionClient, askWith, keyPair, signAssertion } from '../support/assertion.ts'
import { startTestServer } from '../support/server.ts'

const hosts = (process.env.KEY_HOSTS ?? '').split(' ')
const key = await keyPair()
const asked: string[] = []
const stub = createServer((req, res) => {
  asked.push(req.url ?? '')
  res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ keys: [key.publicJwk] }))
})
await new Promise<void>((resolve) => stub.listen(0, '127.0.0.1', resolve))
const { port } = stub.address() as AddressInfo

const server = await startTestServer({ env: { CARDEA_OUTBOUND_ALLOW: process.env.OUTBOUND_ALLOW ?? '' } })
const statuses: Record<string, number> = {}
for (const [nth, host] of hosts.entries()) {
  const client = await addAssertionClient(server, { key, jwks_uri: 'https://keys.example/jwks' })
  // Nobody registers such an address; that it is not asked must hold without that.
  await server.database.prisma.client.update({
    where: { id: client.id },
    data: { metadata: { ...client.metadata, jwks_uri: `http://${host}:${port}/jwks-${nth}` } },
  })
  statuses[host] = (await askWith(server, await signAssertion(server, client))).status
}
await server.stop()
stub.close()
stub.closeAllConnections()
process.stdout.write(JSON.stringify({ statuses, asked }))
