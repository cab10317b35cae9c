import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { basic } from '../support/http-client.ts'
import { addClient } from '../support/people.ts'
import { sendRaw, statusOf } from '../support/raw.ts'
import { everyRoute } from '../support/routes.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'

let server: TestServer
let port: number
let head: string
beforeAll(async () => {
  server = await startTestServer()
  port = server.instances[0]?.port ?? 0
  const client = await addClient(server)
  head = [
    `Host: ${new URL(server.issuer).host}`,
    `Authorization: ${basic(client.id, client.secret).authorization}`,
    'Content-Type: application/x-www-form-urlencoded',
    '',
  ].join('\r\n')
})
afterAll(() => server.stop())

const forms = everyRoute.filter(({ methods }) => methods.includes('POST')).map(({ path }) => path)
const KB = 1024

const announced = (path: string, bytes: number) =>
  sendRaw(
    port,
    `POST ${path} HTTP/1.1\r\n${head}Content-Length: ${bytes}\r\nConnection: close\r\n\r\na=${'b'.repeat(bytes - 2)}`,
  )
const inChunks = (path: string, bytes: number) =>
  sendRaw(
    port,
    `POST ${path} HTTP/1.1\r\n${head}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n` +
      `${bytes.toString(16)}\r\na=${'b'.repeat(bytes - 2)}\r\n0\r\n\r\n`,
  )

describe.each(forms)('a form for %s', (path) => {
  test.each([57 * KB, 1024 * KB])(
    'of %i bytes is refused with 413 (HT-03, RFC 9110 §15.5.14)',
    async (bytes) => {
      // At the addresses of shared signals a receiver that is not known hears that first; what is sent is JSON, and may be 64 KB.
      const refused = path.startsWith('/ssf/') && bytes < 64 * KB ? 401 : 413
      expect(statusOf(await announced(path, bytes))).toBe(refused)
      expect(statusOf(await inChunks(path, bytes))).toBe(refused)
    },
  )

  test('that announces a gigabyte is refused before it is sent (HT-03)', async () => {
    const raw = await sendRaw(port, `POST ${path} HTTP/1.1\r\n${head}Content-Length: 1073741824\r\n\r\na=`)
    expect(statusOf(raw)).toBe(413)
    expect(raw).toMatch(/\r\nConnection: close\r\n/i)
  })

  test('that never ends is cut off (HT-03)', async () => {
    const chunk = Buffer.from(`4000\r\n${'b'.repeat(0x4000)}\r\n`)
    const socket = connect(port, '127.0.0.1').on('error', () => undefined)
    let received = ''
    socket.on('data', (data) => {
      received += data.toString()
    })
    socket.write(`POST ${path} HTTP/1.1\r\n${head}Transfer-Encoding: chunked\r\n\r\n`)
    let sent = 0
    while (!socket.destroyed && sent < 64 * KB * KB) {
      await new Promise((resolve) => socket.write(chunk, resolve))
      sent += chunk.length
    }
    expect(sent).toBeLessThan(16 * KB * KB)
    expect(received).toMatch(/^(HTTP\/1.1 413 |$)/)
  })

  test.each([
    ['is shorter than it says, and gone', 'Content-Length: 100\r\n\r\na=1'],
    ['has two lengths', 'Content-Length: 3\r\nContent-Length: 4\r\n\r\na=1'],
    [
      'has a length and chunks',
      'Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\na=1\r\n0\r\n\r\n',
    ],
    ['has broken chunks', 'Transfer-Encoding: chunked\r\n\r\nzz\r\n'],
    ['has a length below zero', 'Content-Length: -1\r\n\r\na=1'],
    ['is chunked twice', 'Transfer-Encoding: chunked, chunked\r\n\r\n3\r\na=1\r\n0\r\n\r\n'],
  ])('that %s is no 5xx and no success (HT-03)', async (_, rest) => {
    const raw = await new Promise<string>((resolve) => {
      const socket = connect(port, '127.0.0.1').on('error', () => undefined)
      let received = ''
      socket.on('data', (data) => {
        received += data.toString()
      })
      socket.on('close', () => resolve(received))
      socket.end(`POST ${path} HTTP/1.1\r\n${head}${rest}`)
    })
    expect(raw).toMatch(/^(HTTP\/1.1 4|$)/)
  })
})

test('none of it was a failure of ours, and the server goes on', async () => {
  expect(server.log.filter((line) => /"status":5\d\d|request failed/.test(line))).toEqual([])
  expect((await server.ask('/jwks')).status).toBe(200)
})
