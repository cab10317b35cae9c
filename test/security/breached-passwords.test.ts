import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { RequestListener, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { issuePasswordTicket } from '../../src/users/index.ts'
import type { Answer } from '../support/http-client.ts'
import { addPerson } from '../support/people.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { createUserAgent, formOf } from '../support/user-agent.ts'

const LEAKED = 'seven quiet otters knitting'
const hash = createHash('sha1').update(LEAKED).digest('hex').toUpperCase()
const range = `${'0'.repeat(35)}:0\r\n${hash.slice(5)}:3\r\n${'F'.repeat(35)}:12`

let server: TestServer
let list: Server
let answer: RequestListener
const asked: { url: string; method: string; headers: NodeJS.Dict<string | string[]> }[] = []

beforeAll(async () => {
  list = createServer((req, res) => {
    asked.push({ url: req.url ?? '', method: req.method ?? '', headers: req.headers })
    answer(req, res)
  })
  await new Promise<void>((resolve) => list.listen(0, '127.0.0.1', resolve))
  const { port } = list.address() as AddressInfo
  server = await startTestServer({ env: { CARDEA_BREACHED_PASSWORDS: `http://127.0.0.1:${port}/range` } })
})
afterAll(async () => {
  list.closeAllConnections()
  await new Promise((resolve) => list.close(resolve))
  await server.stop()
})

async function choose(password: string): Promise<Answer> {
  const { id } = await addPerson(server)
  const issued = await server.database.transaction((tx) =>
    issuePasswordTicket(tx, { userId: id, purpose: 'reset' }),
  )
  const agent = createUserAgent(server)
  const page = await agent.get(`/account/password?ticket=${issued?.ticket ?? ''}`)
  const { action, fields } = formOf(page, /\/account\/password$/)
  return agent.post(action, { ...fields, password })
}

const failures = async () => {
  const [instance] = server.instances
  const { body } = await fetch(`http://127.0.0.1:${instance?.opsPort ?? 0}/metrics`).then(async (got) => ({
    body: await got.text(),
  }))
  return Number(/breached_password_checks_total\{outcome="failed"\} (\d+)/.exec(body)?.[1] ?? 0)
}

describe('leaked passwords looked up elsewhere (PW-02)', () => {
  test('a leaked one is refused with the reason, and no more than five digits of its hash leave the house', async () => {
    answer = (_, res) => res.end(range)
    const refused = await choose(LEAKED)
    expect(refused.status).toBe(422)
    expect(refused.text).toContain('has appeared in a data leak')
    expect(asked).toHaveLength(1)
    expect(asked[0]).toMatchObject({ method: 'GET', url: `/range/${hash.slice(0, 5)}` })
    expect(asked[0]?.headers).toMatchObject({ 'add-padding': 'true' })
    expect(JSON.stringify(asked)).not.toContain(hash.slice(5, 12))
    expect(asked[0]?.headers).not.toHaveProperty('cookie')
    expect(asked[0]?.headers).not.toHaveProperty('referer')
    expect((await choose(`${LEAKED} twice`)).status).toBe(303)
  })

  test.each<[string, RequestListener]>([
    ['hangs', () => undefined],
    ['begins and then hangs', (_, res) => void res.write(range.slice(0, 20))],
    ['is broken', (_, res) => res.writeHead(500).end(range)],
    ['limits us', (_, res) => res.writeHead(429, { 'Retry-After': '60' }).end(range)],
    [
      'sends us elsewhere',
      (req, res) => res.writeHead(302, { Location: `http://${req.headers.host ?? ''}/elsewhere` }).end(),
    ],
    ['says something else', (_, res) => res.end('<html><title>Sign in to the airport’s network</title>')],
    ['says more than it can have to say', (_, res) => res.end(`${range}\r\n`.repeat(20_000))],
    ['hangs up', (req) => void req.socket.destroy()],
  ])('a service that %s keeps nobody from a new password, and is counted', async (_, listener) => {
    answer = listener
    const before = await failures()
    const startedAt = performance.now()
    expect((await choose(LEAKED)).status).toBe(303)
    expect(performance.now() - startedAt).toBeLessThan(6000)
    expect(await failures()).toBe(before + 1)
    expect(asked.map(({ url }) => url)).not.toContain('/elsewhere')
    const warned = server.log.filter((line) => line.includes('leaked passwords could not be looked up'))
    expect(warned.length).toBeGreaterThan(0)
    expect(warned.join('')).not.toContain(hash.slice(5, 12))
  })

  test('one on this machine or network is not asked unless it is listed', async () => {
    const { port } = list.address() as AddressInfo
    const other = await startTestServer({
      env: {
        CARDEA_BREACHED_PASSWORDS: `http://127.0.0.1:${port}/range/`,
        CARDEA_OUTBOUND_ALLOW: 'elsewhere.internal',
      },
    })
    const before = asked.length
    const mine = server
    server = other
    try {
      answer = (_, res) => res.end(range)
      expect((await choose(LEAKED)).status).toBe(303)
      expect(asked).toHaveLength(before)
      expect(await failures()).toBe(1)
    } finally {
      server = mine
      await other.stop()
    }
  })
})
