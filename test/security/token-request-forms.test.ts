import type { OutgoingHttpHeaders } from 'node:http'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { basic } from '../support/http-client.ts'
import type { Answer } from '../support/http-client.ts'
import { addClient, machineClient } from '../support/people.ts'
import { askToken } from '../support/sign-in.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'

let server: TestServer
let machine: Awaited<ReturnType<typeof addClient>>
beforeAll(async () => {
  server = await startTestServer()
  machine = await addClient(server, { metadata: machineClient })
})
afterAll(() => server.stop())

const good = 'grant_type=client_credentials'
const type = 'application/x-www-form-urlencoded'

function post(body: string, headers: OutgoingHttpHeaders): Promise<Answer> {
  return server.ask('/token', { body, headers: { ...basic(machine.id, machine.secret), ...headers } })
}

const notForms: [string, string, OutgoingHttpHeaders][] = [
  ['JSON', '{"grant_type":"client_credentials"}', { 'content-type': 'application/json' }],
  ['a form called JSON', good, { 'content-type': 'application/json' }],
  [
    'multipart',
    '--x\r\ncontent-disposition: form-data; name="grant_type"\r\n\r\nclient_credentials\r\n--x--\r\n',
    { 'content-type': 'multipart/form-data; boundary=x' },
  ],
  ['plain text', good, { 'content-type': 'text/plain' }],
  ['XML', '<grant_type>client_credentials</grant_type>', { 'content-type': 'application/xml' }],
  ['no type', good, { 'content-type': '' }],
  [
    'a compressed form',
    gzipSync(good).toString('latin1'),
    { 'content-type': type, 'content-encoding': 'gzip' },
  ],
  ['UTF-16', Buffer.from(good, 'utf16le').toString('latin1'), { 'content-type': `${type}; charset=utf-16` }],
  ['nothing', '', { 'content-type': type }],
]

type ErrorBody = { error: string; error_description: string }

describe('the token endpoint', () => {
  test.each(['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE'])(
    'answers %s with 405 and what is allowed (TK-01, RFC 6749 §3.2)',
    async (method) => {
      const query = `?${good}&client_id=${machine.id}&client_secret=${machine.secret}`
      const answer = await server.ask(`/token${query}`, { method })
      expect(answer.status).toBe(405)
      expect(answer.headers.allow).toBe('POST, OPTIONS')
      expect(answer.text).not.toContain('access_token')
    },
  )

  test.each(['/introspect', '/revoke'])(
    'and %s take POST only (TK-01, RFC 7009 §2.1, RFC 7662 §2.1)',
    async (path) => {
      const answer = await server.ask(`${path}?token=x`, { headers: basic(machine.id, machine.secret) })
      expect([answer.status, answer.headers.allow]).toEqual([405, 'POST, OPTIONS'])
    },
  )

  test.each([type, `${type}; charset=UTF-8`, 'Application/X-WWW-Form-Urlencoded;charset=utf-8'])(
    'takes a form sent as %s (TK-01)',
    async (contentType) => {
      expect((await post(good, { 'content-type': contentType })).status).toBe(200)
    },
  )

  test.each(notForms)('refuses %s with 400 and a JSON error (TK-01, TK-02)', async (_, body, headers) => {
    const answer = await post(body, headers)
    expect(answer.status).toBe(400)
    expect(answer.json<ErrorBody>().error).toBe('invalid_request')
  })

  test.each([
    ['issued tokens', { grant_type: 'client_credentials' }, {}, 200],
    ['a refusal', { grant_type: 'refresh_token', refresh_token: 'x' }, {}, 400],
    ['a failed authentication', { grant_type: 'client_credentials' }, basic('nobody', 'x'), 401],
  ])(
    'answers %s in JSON that no cache keeps (TK-02, RFC 6749 §5.1-5.2)',
    async (_, body, headers, status) => {
      const answer = await server.ask('/token', {
        body,
        headers: { ...basic(machine.id, machine.secret), ...headers },
      })
      expect(answer.status).toBe(status)
      expect(answer.headers['cache-control']).toBe('no-store')
      expect(answer.headers['content-type']).toBe('application/json; charset=utf-8')
      expect(() => answer.json()).not.toThrow()
    },
  )

  test.each(['text/html', 'text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2', 'application/xml'])(
    'answers errors in JSON also to a library that asks for %s (TK-02)',
    async (accept) => {
      const body = { grant_type: 'client_credentials' }
      for (const path of ['/token', '/introspect', '/revoke', '/userinfo']) {
        const answer = await server.ask(path, { body, headers: { accept, ...basic(machine.id, 'wrong') } })
        expect(answer.status).toBeGreaterThanOrEqual(400)
        expect(answer.json<ErrorBody>().error).toEqual(expect.any(String))
      }
    },
  )
})

const nasty = [
  '"',
  '\\',
  'ü',
  '\u{1f600}',
  '\u2028',
  '\r\nx: y',
  '\t',
  "';--",
  '<script>',
  '{{7*7}}',
  '%00',
  '\0',
  '\ud800',
]
const fields = [
  'grant_type',
  'scope',
  'code',
  'redirect_uri',
  'code_verifier',
  'refresh_token',
  'resource',
  'client_id',
]

describe('an error description', () => {
  test.each(fields)(
    'holds only the characters that RFC 6749 allows, whatever stands in %s, and is never a 5xx (TK-04, §5.2, HT-06)',
    async (field) => {
      for (const text of nasty)
        for (const grant of ['authorization_code', 'refresh_token', 'client_credentials']) {
          const answer = await askToken(server, machine, { grant_type: grant, [field]: `a${text}b` })
          expect(answer.status).toBeLessThan(500)
          if (answer.status < 400) continue
          const { error, error_description: description } = answer.json<ErrorBody>()
          expect(error).toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/)
          expect(description).toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/)
        }
    },
  )

  test.each(['a="b', 'a"b\\c', 'ü'])(
    'does not echo the name of a parameter such as %s (TK-04)',
    async (name) => {
      const body = new URLSearchParams([
        ['grant_type', 'client_credentials'],
        [name, '1'],
        [name, '2'],
      ])
      const answer = await server.ask('/token', { body, headers: basic(machine.id, machine.secret) })
      expect(answer.text).not.toContain(name)
    },
  )
})
