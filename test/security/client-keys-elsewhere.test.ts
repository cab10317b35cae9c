import { createServer } from 'node:http'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { addAssertionClient, askWith, keyPair, signAssertion } from '../support/assertion.ts'
import type { KeyPair } from '../support/assertion.ts'
import { runChild } from '../support/child.ts'
import { addClient, machineClient } from '../support/people.ts'
import { askToken } from '../support/sign-in.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'

let server: TestServer
let key: KeyPair
let at: string
let asked: string[] = []
/** What the client's own server does with each request. */
let answer: RequestListener = () => undefined
const stub = createServer((req, res) => {
  asked.push(req.url ?? '')
  answer(req, res)
})

// Said once by the engine, of a runtime as jest builds it; the last test wants it so.
jest.spyOn(console, 'warn').mockImplementation(() => undefined)

beforeAll(async () => {
  await new Promise<void>((resolve) => stub.listen(0, '127.0.0.1', resolve))
  at = `http://127.0.0.1:${(stub.address() as AddressInfo).port}`
  server = await startTestServer({ env: { CARDEA_DATABASE_POOL: '2' } })
  key = await keyPair()
})
afterAll(async () => {
  stub.closeAllConnections()
  await new Promise((resolve) => stub.close(resolve))
  await server.stop()
})

function json(value: unknown, status = 200): RequestListener {
  return (_req: IncomingMessage, res: ServerResponse) => {
    res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
  }
}

let nth = 0
async function tryWith(listener: RequestListener, target = server) {
  asked = []
  answer = listener
  nth += 1
  const client = await addAssertionClient(target, { key, jwks_uri: `${at}/jwks-${nth}` })
  return askWith(target, await signAssertion(target, client))
}

describe('keys that a client publishes', () => {
  test('are fetched and kept for a while (CA-06, RFC 7591 §2)', async () => {
    asked = []
    answer = json({ keys: [key.publicJwk] })
    const client = await addAssertionClient(server, { key, jwks_uri: `${at}/jwks` })
    for (let round = 0; round < 3; round += 1)
      expect((await askWith(server, await signAssertion(server, client))).status).toBe(200)
    expect(asked).toEqual(['/jwks'])
  })

  test.each<[string, RequestListener]>([
    ['are not there', json({}, 404)],
    ['are behind an error of their server', json({ keys: [] }, 500)],
    ['are none', json({ keys: [] })],
    ['are no JSON', (_req, res) => res.end('<html>')],
    ['are no set', json(['x'])],
    [
      'end in the middle',
      (_req, res) => res.writeHead(200, { 'content-length': '900' }).write('{"keys":[', () => res.destroy()),
    ],
    [
      'are longer than 64 KiB',
      (_req, res) => res.end(JSON.stringify({ keys: [key.publicJwk], pad: 'x'.repeat(70_000) })),
    ],
    [
      'contain a symmetric key',
      (_req, res) => res.end(JSON.stringify({ keys: [key.publicJwk, { kty: 'oct', k: 'AAAA' }] })),
    ],
  ])('but %s authenticate nobody, and it is no error of ours (CA-06, FT-30)', async (_, listener) => {
    const refusal = await tryWith(listener)
    expect([refusal.status, refusal.json()['error']]).toEqual([401, 'invalid_client'])
    expect(asked).toHaveLength(1)
  })

  test('are not looked for where a redirect leads (CA-06, special-use addresses)', async () => {
    const refusal = await tryWith((req, res) => {
      if (req.url === '/elsewhere') json({ keys: [key.publicJwk] })(req, res)
      else res.writeHead(302, { location: '/elsewhere' }).end()
    })
    expect(refusal.status).toBe(401)
    expect(asked).not.toContain('/elsewhere')
  })

  test('are not waited for longer than a moment, while clients with other keys go on, on two database connections (FT-30)', async () => {
    const machine = await addClient(server, { metadata: machineClient })
    asked = []
    answer = () => undefined
    const client = await addAssertionClient(server, { key, jwks_uri: `${at}/never` })
    const assertions = await Promise.all(Array.from({ length: 30 }, () => signAssertion(server, client)))
    const began = performance.now()
    let over = false
    const waiting = Promise.all(assertions.map((assertion) => askWith(server, assertion))).finally(
      () => (over = true),
    )
    while (asked.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    for (let round = 0; round < 10; round += 1)
      expect((await askToken(server, machine, { grant_type: 'client_credentials' })).status).toBe(200)
    expect(over).toBe(false)
    for (const { status } of await waiting) expect(status).toBe(401)
    expect(performance.now() - began).toBeLessThan(5000)
    expect(asked).toHaveLength(1)
  })
})

describe('a jwks_uri at an address inside our network', () => {
  const hosts = ['127.0.0.1', 'localhost', '2130706433', '0x7f.1', '[::ffff:127.0.0.1]', '0.0.0.0']
  const script = new URL('../child/fetch-client-keys.ts', import.meta.url)
  const fetchKeys = async (env: Record<string, string>) => {
    const { code, stdout, stderr } = await runChild(script, { KEY_HOSTS: hosts.join(' '), ...env })
    expect([code, stderr]).toEqual([0, ''])
    return JSON.parse(stdout) as { statuses: Record<string, number>; asked: string[] }
  }

  test('is not asked, in whatever words the address is given (CA-06, server-side request forgery)', async () => {
    const { statuses, asked } = await fetchKeys({})
    expect(statuses).toEqual(Object.fromEntries(hosts.map((host) => [host, 401])))
    expect(asked).toEqual([])
  })

  test('is asked when the operator listed it, and the others are not (CA-06)', async () => {
    const { statuses, asked } = await fetchKeys({ OUTBOUND_ALLOW: '127.0.0.1' })
    expect(statuses['127.0.0.1']).toBe(200)
    expect(statuses['localhost']).toBe(401)
    expect(asked).toContain('/jwks-0')
    expect(asked).not.toContain('/jwks-1')
  })

  test('is not asked when a name leads to it only the second time it is looked up (CA-06, DNS rebinding)', async () => {
    const lying = new URL('../child/fetch-through-lying-name.ts', import.meta.url)
    const { code, stdout, stderr } = await runChild(lying, {})
    expect([code, stderr]).toEqual([0, ''])
    expect(JSON.parse(stdout)).toEqual({
      answers: ['200 {"keys":[]}', 'OutboundBlocked: rp.example', 'Error: answered 302'],
      asked: ['127.0.0.1', '127.0.0.1'],
    })
  })

  // Here jest stands between us and the runtime, and the engine, with a warning, cannot guard the connection.
  test('is not asked on a runtime without the guarded connection either (CA-06)', async () => {
    const closed = await startTestServer({ env: { CARDEA_OUTBOUND_ALLOW: '' } })
    expect((await tryWith(json({ keys: [key.publicJwk] }), closed)).status).toBe(401)
    expect(asked).toEqual([])
    await closed.stop()
  })
})
