import { createServer } from 'node:http'
import type { Server } from 'node:http'
import { connect } from 'node:net'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import Koa from 'koa'
import { formToQuery } from '../../../src/oidc/post-to-get.ts'
import { send } from '../../support/http-client.ts'
import type { Ask } from '../../support/http-client.ts'

let listener: Server
let port: number
const failures: { code?: string }[] = []
beforeAll(async () => {
  const app = new Koa()
  app.silent = true
  app.on('error', (error: { code?: string }) => failures.push(error))
  app.use(formToQuery({ paths: ['/authorize'] }))
  app.use((ctx) => void (ctx.body = `passed ${ctx.method}`))
  const handle = app.callback()
  listener = createServer((req, res) => void handle(req, res)).listen(0, '127.0.0.1')
  await new Promise((resolve) => listener.once('listening', resolve))
  port = (listener.address() as AddressInfo).port
})
afterAll(async () => {
  listener.closeAllConnections()
  await new Promise((resolve) => listener.close(resolve))
})

const ask = (path: string, options: Ask) => send({ port, host: 'localhost' }, path, options)
const post = (body: string, type = 'application/x-www-form-urlencoded', path = '/authorize') =>
  ask(path, { body, headers: { 'content-type': type, connection: 'close' } })

describe('a form at the authorization endpoint', () => {
  test.each(['client_id=a&state=b', 'state=%C3%BC%20%26%3D%2B', 'a=1&a=2', '', 'x'.repeat(12_288)])(
    'becomes the same request by GET, byte for byte (AZ-16, Core §3.1.2.1)',
    async (form) => {
      const answer = await post(form)
      expect([answer.status, answer.location]).toEqual([303, `/authorize?${form}`])
      expect(answer.headers['cache-control']).toBe('no-store')
      expect(answer.text).toBe('')
    },
  )

  test('takes no parameters from its own address (AZ-09)', async () => {
    const answer = await post('client_id=a', undefined, '/authorize?client_id=evil')
    expect(answer.location).toBe('/authorize?client_id=a')
  })

  test.each([
    'a=b\r\nSet-Cookie: x=y',
    'a=b\nLocation: https://evil.example',
    'a=b c',
    'a=b#c',
    'a=ü',
    'a=\0',
    'a=\x7f',
    '\ufeffa=b',
  ])('that would end the header line or leave the query (%j) is refused (XS-01, HT-06)', async (form) => {
    const answer = await post(form)
    expect([answer.status, answer.location, answer.headers['set-cookie']]).toEqual([
      400,
      undefined,
      undefined,
    ])
    expect(answer.json()['error']).toBe('invalid_request')
  })

  test.each([12_289, 60_000, 2_000_000])('of %i bytes is too long (HT-03)', async (bytes) => {
    const answer = await post('x'.repeat(bytes))
    expect([answer.status, answer.headers.connection]).toEqual([413, 'close'])
  })

  test.each(['application/json', 'multipart/form-data; boundary=x', 'text/plain', 'application/xml'])(
    'called %s is of the wrong type (HT-04)',
    async (type) => expect((await post('a=b', type)).status).toBe(415),
  )

  test("that its sender never finishes is nobody's error (FT-18)", async () => {
    const socket = connect(port, '127.0.0.1')
    const head =
      'POST /authorize HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\n'
    await new Promise<void>((resolve) => socket.write(`${head}client_id=`, () => resolve()))
    await new Promise((resolve) => setTimeout(resolve, 30))
    socket.destroy()
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect((await post('a=b')).status).toBe(303)
    // Koa itself tells of the broken connection; what our code would throw is something else.
    expect(failures.filter(({ code }) => code !== 'HPE_INVALID_EOF_STATE')).toEqual([])
  })
})

test('everything else passes untouched: other methods, other paths', async () => {
  expect((await ask('/authorize?a=b', {})).text).toBe('passed GET')
  expect((await post('a=b', undefined, '/token')).text).toBe('passed POST')
  expect((await post('a=b', undefined, '/authorize/x')).text).toBe('passed POST')
})
