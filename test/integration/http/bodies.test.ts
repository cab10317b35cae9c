import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Middleware } from 'koa'
import { formBody } from '../../../src/http/index.ts'
import { type Stack, startStack } from './stack.ts'

const echo: Middleware = (ctx) => {
  ctx.body = JSON.stringify(ctx.request.body)
}

let stack: Stack
beforeAll(async () => {
  stack = await startStack({ middleware: [formBody({ repeatable: ['scope'] }), echo] })
})
afterAll(() => stack.listener.close(100))

const form = { 'content-type': 'application/x-www-form-urlencoded' }
const post = (body: string, headers: Record<string, string> = form): ReturnType<Stack['send']> =>
  stack.send('/', { method: 'POST', headers, body })

describe('a form that is sent', () => {
  test('arrives with its fields', async () => {
    expect(JSON.parse((await post('a=1&scope=x&scope=y')).body)).toEqual({ a: '1', scope: ['x', 'y'] })
    expect(
      JSON.parse((await post('a=1', { 'content-type': `${form['content-type']}; charset=UTF-8` })).body),
    ).toEqual({ a: '1' })
    expect((await post('')).body).toBe('{}')
  })

  test.each<Record<string, string>>([
    { 'content-type': 'application/json' },
    { 'content-type': 'multipart/form-data; boundary=x' },
    { 'content-type': 'text/plain' },
    { 'content-type': `${form['content-type']}; charset=utf-16` },
    { 'content-type': `${form['content-type']}x` },
    { ...form, 'content-encoding': 'gzip' },
    {},
  ])('is refused with 415 as %j (HT-04)', async (headers) => {
    const answer = await post('a=1', headers)
    expect(answer.status).toBe(415)
    expect(answer.headers['accept-post']).toBe(form['content-type'])
  })

  test.each(['a=1&a=2', 'a=%00', 'a=%', 'a=%ED%A0%80', 'a=%C0%AF'])(
    'is refused with 400 when malformed: %s (HT-06)',
    async (body) => {
      expect((await post(body)).status).toBe(400)
    },
  )

  test.each([
    ['56 KB', 56 * 1024 - 2, 200],
    ['one byte more', 56 * 1024 - 1, 413],
    ['57 KB', 57 * 1024, 413],
    ['1 MB', 1024 * 1024, 413],
  ])('of %s is answered with its due status (HT-03)', async (_, letters, status) => {
    expect((await post(`a=${'x'.repeat(letters)}`)).status).toBe(status)
    const chunked = await post(`a=${'x'.repeat(letters)}`, { ...form, 'transfer-encoding': 'chunked' })
    expect(chunked.status).toBe(status)
  })

  test('that announces more than anyone may send is refused at once (HT-03)', async () => {
    const head = `POST / HTTP/1.1\r\nHost: 127.0.0.1:${stack.port}\r\nContent-Type: ${form['content-type']}\r\n`
    expect(await stack.raw(`${head}Content-Length: 99999999999\r\n\r\na=`)).toMatch(
      /^HTTP\/1.1 413 [^]*Connection: close/,
    )
  })

  test('that never ends is cut off (HT-03)', async () => {
    const head = `POST / HTTP/1.1\r\nHost: 127.0.0.1:${stack.port}\r\nContent-Type: ${form['content-type']}\r\n`
    const socket = connect(stack.port, '127.0.0.1')
    const chunk = `4000\r\n${'x'.repeat(0x4000)}\r\n`
    let sent = 0
    socket.on('error', () => undefined).resume()
    socket.write(`${head}Transfer-Encoding: chunked\r\n\r\n`)
    while (!socket.destroyed && sent < 64 * 1024 * 1024) {
      await new Promise((resolve) => socket.write(chunk, resolve))
      sent += chunk.length
    }
    expect(sent).toBeLessThan(16 * 1024 * 1024)
  })

  test.each([
    ['shorter than it says, and then gone', 'Content-Length: 100\r\n\r\na=1'],
    ['of two lengths', 'Content-Length: 3\r\nContent-Length: 4\r\n\r\na=1'],
    [
      'of a length and chunks',
      'Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\na=1\r\n0\r\n\r\n',
    ],
    ['of broken chunks', 'Transfer-Encoding: chunked\r\n\r\nzz\r\n'],
  ])('%s is never a 5xx', async (_, rest) => {
    const head = `POST / HTTP/1.1\r\nHost: 127.0.0.1:${stack.port}\r\nContent-Type: ${form['content-type']}\r\n`
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(stack.port, '127.0.0.1')
      let received = ''
      socket.on('data', (data) => (received += data.toString('latin1')))
      socket.on('error', () => undefined)
      socket.once('close', () => resolve(received))
      socket.end(head + rest)
    })
    expect(answer).not.toMatch(/^HTTP\/1.1 [25]/)
    expect((await post('a=1')).status).toBe(200)
  })
})
