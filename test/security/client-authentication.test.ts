import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { findClient, listClients, rotateClientSecret } from '../../src/clients/index.ts'
import { basic } from '../support/http-client.ts'
import { addClient, machineClient, publicClient } from '../support/people.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'

let server: TestServer
beforeAll(async () => (server = await startTestServer()))
afterAll(() => server.stop())

const form = { grant_type: 'client_credentials' }
const machine = () => addClient(server, { metadata: machineClient })
const refusal = { error: 'invalid_client', error_description: 'client authentication failed' }

function ask(body: Record<string, string>, headers: Record<string, string> = {}, path = '/token') {
  return server.ask(path, { body, headers })
}

describe.each(['/token', '/introspect', '/revoke'])('%s', (path) => {
  test('answers an unknown client, a wrong secret and a wrong method in the same words (CA-01, RFC 6749 §5.2)', async () => {
    const [known, open] = [await machine(), await addClient(server, { metadata: publicClient })]
    const body = { ...form, token: 'x' }
    const attempts = [
      await ask(body, basic('c_nobody', 'secret'), path),
      await ask(body, basic(known.id, 'secret'), path),
      await ask(body, basic(known.id, `${known.secret} `), path),
      await ask(body, basic(known.id, known.secret.toUpperCase()), path),
      await ask(body, basic(known.id, ''), path),
      await ask(body, basic(open.id, 'secret'), path),
    ]
    for (const answer of attempts) {
      expect([answer.status, answer.json()]).toEqual([401, refusal])
      expect(answer.headers['www-authenticate']).toBe(attempts[0]?.headers['www-authenticate'])
      expect(Object.keys(answer.headers).toSorted()).toEqual(
        Object.keys(attempts[0]?.headers ?? {}).toSorted(),
      )
    }
    expect(attempts[0]?.headers['www-authenticate']).toMatch(/^Basic realm="/)
  })

  test.each([
    ['another scheme', () => ({ authorization: 'Bearer abc' })],
    ['a scheme alone', () => ({ authorization: 'Basic' })],
    ['what is not base64', () => ({ authorization: 'Basic ä!!' })],
    ['no colon', () => ({ authorization: `Basic ${btoa('abc')}` })],
    ['broken percent-encoding', () => ({ authorization: `Basic ${btoa('abc:%zz')}` })],
    ['a digest challenge', () => ({ authorization: 'Digest username="abc"' })],
  ])(
    'answers %s in the Authorization header with 401 and a challenge (CA-01, RFC 6749 §5.2)',
    async (_, headers) => {
      const answer = await ask({ ...form, token: 'x' }, headers(), path)
      expect([answer.status, answer.json()]).toEqual([401, refusal])
      expect(answer.headers['www-authenticate']).toMatch(/^Basic realm="/)
    },
  )

  test('answers no authentication at all with 401, without a challenge for a browser to pop up (CA-01, RFC 6749 §5.2)', async () => {
    const answer = await ask({ ...form, token: 'x' }, {}, path)
    expect([answer.status, answer.json(), answer.headers['www-authenticate']]).toEqual([
      401,
      refusal,
      undefined,
    ])
  })

  test('takes one mechanism per request: two are an invalid request, right or wrong (CA-02, RFC 6749 §2.3)', async () => {
    const { id, secret } = await machine()
    const inBody = { ...form, token: 'x', client_id: id, client_secret: secret }
    const assertion = {
      client_assertion: 'a.b.c',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    }
    for (const [body, headers] of [
      [inBody, basic(id, secret)],
      [{ ...inBody, client_secret: 'wrong' }, basic(id, secret)],
      [{ ...inBody, ...assertion }, {}],
      [{ ...form, token: 'x', ...assertion }, basic(id, secret)],
    ] as const) {
      const answer = await ask(body, headers, path)
      expect([answer.status, answer.json()['error']]).toEqual([400, 'invalid_request'])
    }
  })

  test('does not let a client_id in the form differ from the one that authenticated (CA-02)', async () => {
    const [one, other] = [await machine(), await machine()]
    const answer = await ask({ ...form, token: 'x', client_id: other.id }, basic(one.id, one.secret), path)
    expect([answer.status, answer.json()['error']]).toEqual([400, 'invalid_request'])
  })

  test('never reads a secret from the URL (CA-03, RFC 6749 §2.3.1)', async () => {
    const { id, secret } = await machine()
    const query = new URLSearchParams({ client_id: id, client_secret: secret }).toString()
    expect((await ask({ ...form, token: 'x' }, {}, `${path}?${query}`)).status).toBe(401)
    expect((await ask({ ...form, token: 'x', client_id: id }, {}, `${path}?${query}`)).status).toBe(401)
  })
})

describe('a client secret', () => {
  test('works in the header and in the form (CA-01, RFC 6749 §2.3.1)', async () => {
    const { id, secret } = await machine()
    expect((await ask(form, basic(id, secret))).status).toBe(200)
    expect((await ask({ ...form, client_id: id, client_secret: secret })).status).toBe(200)
  })

  test('is shown once: neither the client as read again nor the database nor the log has it (CA-09)', async () => {
    const { id, secret } = await machine()
    await ask(form, basic(id, secret))
    await ask({ ...form, client_id: id, client_secret: secret })
    const read = JSON.stringify([
      await findClient(server.database.prisma, id),
      await listClients(server.database.prisma),
    ])
    expect(read).toContain(id)
    expect(read).not.toContain(secret)
    const { rows } = await server.database.pool.query<{ row: string }>('SELECT c::text AS row FROM clients c')
    const events = await server.database.pool.query<{ row: string }>(
      'SELECT e::text AS row FROM audit_events e',
    )
    const stored = [...rows, ...events.rows].map(({ row }) => row).join('\n')
    expect(stored).toContain(id)
    expect(stored).not.toContain(secret)
    expect(server.log.join('\n')).not.toContain(secret)
  })

  test('is not its digest: whoever reads the table cannot authenticate with what is there (CA-09)', async () => {
    const { id } = await machine()
    const { secretDigest } = await server.database.prisma.client.findUniqueOrThrow({ where: { id } })
    const digest = Buffer.from(secretDigest ?? '', 'base64url')
    for (const guess of [secretDigest ?? '', digest.toString('hex'), digest.toString('base64')])
      expect((await ask(form, basic(id, guess))).status).toBe(401)
  })

  test('that was rotated is worth nothing at once, and its successor everything (CA-09)', async () => {
    const { id, secret } = await machine()
    expect((await ask(form, basic(id, secret))).status).toBe(200)
    const rotated = await rotateClientSecret(server.database.prisma, id)
    if (!rotated.ok) throw new Error(rotated.reason)
    expect((await ask(form, basic(id, secret))).status).toBe(401)
    expect((await ask(form, basic(id, rotated.secret))).status).toBe(200)
  })

  test('of a disabled client is worth nothing at once (CA-01, FT-31)', async () => {
    const { id, secret } = await machine()
    await server.database.prisma.client.update({ where: { id }, data: { disabledAt: new Date() } })
    expect((await ask(form, basic(id, secret))).json()).toEqual(refusal)
  })
})
