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
  const client = await addAssertionClient(server, { key, jwks_uri: 'https://rp.example/jwks' })
  // Past the registration's own check, as a name would get that leads to such an address only later.
  await server.database.pool.query(
    `UPDATE clients SET metadata = metadata || jsonb_build_object('jwks_uri', $2::text) WHERE id = $1`,
    [client.id, `http://${host}:${port}/jwks-${nth}`],
  )
  statuses[host] = (await askWith(server, await signAssertion(server, client))).status
}
await server.stop()
stub.close()
stub.closeAllConnections()
process.stdout.write(JSON.stringify({ statuses, asked }))
