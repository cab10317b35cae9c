// A name that leads into an allowed network when it is looked up first, and elsewhere on this machine ever after: who was asked?
import dns from 'node:dns'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { syncBuiltinESMExports } from 'node:module'

const [ALLOWED, INSIDE] = ['127.0.0.1', '127.0.0.9']
const asked: string[] = []
const stub = createServer((req, res) => {
  asked.push(req.socket.localAddress ?? '')
  if (req.url === '/redirect') res.writeHead(302, { location: '/keys' }).end()
  else res.writeHead(200, { 'content-type': 'application/json' }).end('{"keys":[]}')
})
await new Promise<void>((resolve) => stub.listen(0, '0.0.0.0', resolve))
const { port } = stub.address() as AddressInfo

// From here on, not before: a server that listens looks its address up too.
let lookups = 0
const next = () => {
  lookups += 1
  return { address: lookups === 1 ? ALLOWED : INSIDE, family: 4 }
}
type Done = (error: null, found: unknown, family?: number) => void
const lookup = (_name: string, options: { all?: boolean }, done: Done) => {
  const { address, family } = next()
  if (options.all === true) done(null, [{ address, family }])
  else done(null, address, family)
}
Object.assign(dns, { lookup })
Object.assign(dns.promises, { lookup: () => Promise.resolve([next()]) })
syncBuiltinESMExports()

const { createOutboundFetch } = await import('../../src/oidc/outbound.ts')

const answers: string[] = []
const outboundFetch = createOutboundFetch(['127.0.0.0/30'])
for (const path of ['/keys', '/keys', '/redirect']) {
  if (path === '/redirect') lookups = 0
  const signal = AbortSignal.timeout(2000)
  const answer = outboundFetch(`http://rp.example:${port}${path}`, {
    method: 'GET',
    headers: new Headers(),
    signal,
  })
  answers.push(
    await answer.then(
      async (response) => `${response.status} ${await response.text()}`,
      (error: unknown) => String(error),
    ),
  )
}
stub.close()
stub.closeAllConnections()
process.stdout.write(JSON.stringify({ answers, asked }))
