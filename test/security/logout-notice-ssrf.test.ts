import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { startLogoutReceiver } from '../support/logout-receiver.ts'
import type { LogoutReceiver } from '../support/logout-receiver.ts'
import { addClient, addPerson } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'

let receiver: LogoutReceiver
beforeAll(async () => {
  receiver = await startLogoutReceiver()
})
afterAll(() => receiver.stop())
beforeEach(() => {
  receiver.received.length = 0
  receiver.answer = (_req, res) => res.end()
})

/** Past the registration's own check, as a name would get that leads to such an address only later. */
async function notify(server: TestServer, person: Person, uri: string): Promise<string> {
  const client = await addClient(server, {
    metadata: { backchannel_logout_uri: 'https://rp.example/logout' },
  })
  const { pool } = server.database
  await pool.query(
    `UPDATE clients SET metadata = metadata || jsonb_build_object('backchannel_logout_uri', $2::text) WHERE id = $1`,
    [client.id, uri],
  )
  const notice = 'INSERT INTO logout_notices (id, client_id, user_id) VALUES (gen_random_uuid(), $1, $2)'
  await pool.query(notice, [client.id, person.id])
  for (;;) {
    const row = await server.database.prisma.logoutNotice.findFirst({ where: { clientId: client.id } })
    if (row?.state === 'delivered') return 'delivered'
    if (row?.lastError != null) return row.lastError
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

const port = () => new URL(receiver.origin).port
const hosts = [
  '127.0.0.1',
  'localhost',
  '2130706433',
  '0x7f.1',
  '[::ffff:127.0.0.1]',
  '0.0.0.0',
  '[::1]',
  '169.254.169.254',
  '10.0.0.1',
]

describe('a logout address inside our network', () => {
  let server: TestServer
  let person: Person
  beforeAll(async () => {
    server = await startTestServer({ env: { CARDEA_OUTBOUND_ALLOW: '' }, noticesEveryMs: 20 })
    person = await addPerson(server)
  })
  afterAll(() => server.stop())

  test.each(hosts)(
    'is not connected to, written as %s (server-side request forgery, LO-03)',
    async (host) => {
      expect(await notify(server, person, `http://${host}:${port()}/logout`)).toBe('blocked')
      expect(receiver.received).toEqual([])
    },
  )
})

describe('what the operator lists', () => {
  test.each([
    ['127.0.0.1', { '127.0.0.1': 'delivered', localhost: 'blocked' }],
    ['localhost', { '127.0.0.1': 'blocked', localhost: 'delivered' }],
    ['127.0.0.0/8, ::1/128', { '127.0.0.1': 'delivered', localhost: 'delivered', '10.0.0.1': 'blocked' }],
  ])('as %s is reached, and nothing else (LO-03)', async (allow, expected) => {
    const server = await startTestServer({ env: { CARDEA_OUTBOUND_ALLOW: allow }, noticesEveryMs: 20 })
    const person = await addPerson(server)
    const found = await Promise.all(
      Object.keys(expected).map(async (host) => [
        host,
        await notify(server, person, `http://${host}:${port()}/`),
      ]),
    )
    expect(Object.fromEntries(found)).toEqual(expected)
    await server.stop()
  })

  test('leads no further by a redirect (LO-03)', async () => {
    const server = await startTestServer({ env: { CARDEA_OUTBOUND_ALLOW: '127.0.0.1' }, noticesEveryMs: 20 })
    receiver.answer = (_req, res) => res.writeHead(302, { location: `${receiver.origin}/inside` }).end()
    expect(await notify(server, await addPerson(server), `${receiver.origin}/logout`)).toBe('http_302')
    expect(receiver.received.map(({ path }) => path)).toEqual(['/logout'])
    await server.stop()
  })
})
