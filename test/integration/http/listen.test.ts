import { connect } from 'node:net'
import { finished } from 'node:stream/promises'
import { afterEach, describe, expect, test } from '@jest/globals'
import Koa from 'koa'
import { listen, ListenError, type Listener } from '../../../src/http/index.ts'

const listeners: Listener[] = []
const start = async (options: Partial<Parameters<typeof listen>[1]> = {}): Promise<Listener> => {
  const app = new Koa()
  app.use((ctx) => {
    ctx.body = 'hello'
  })
  const listener = await listen(app, { host: '127.0.0.1', port: 0, ...options })
  listeners.push(listener)
  return listener
}
afterEach(async () => {
  await Promise.all(listeners.splice(0).map((listener) => listener.close(0)))
})

/** Opens a connection, writes so many bytes, and says how long it stayed open and what came back. */
function hold(url: string, bytes: string): Promise<{ ms: number; received: string }> {
  const startedAt = performance.now()
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    let received = ''
    socket.on('data', (data) => (received += data.toString('latin1')))
    socket.on('error', () => undefined)
    socket.once('close', () => resolve({ ms: performance.now() - startedAt, received }))
    socket.write(bytes)
  })
}

describe('listening', () => {
  test('serves a Koa app at the url it names', async () => {
    const { url } = await start()
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect(await (await fetch(url)).text()).toBe('hello')
  })

  test('on a taken port fails with EADDRINUSE and a way out', async () => {
    const { url } = await start()
    const attempt = start({ port: Number(new URL(url).port) })
    await expect(attempt).rejects.toBeInstanceOf(ListenError)
    await expect(attempt).rejects.toMatchObject({
      code: 'EADDRINUSE',
      message: expect.stringContaining('is taken'),
    })
  })

  test('on an address of another machine fails with EADDRNOTAVAIL', async () => {
    await expect(start({ host: '203.0.113.1' })).rejects.toMatchObject({ code: 'EADDRNOTAVAIL' })
  })
})

describe('slow and greedy clients (FT-18)', () => {
  test('a connection that sends its headers too slowly is closed', async () => {
    const { url } = await start({ headersTimeoutMs: 300, requestTimeoutMs: 600 })
    for (const bytes of ['GET / HT', 'GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ']) {
      const { ms, received } = await hold(url, bytes)
      expect(ms).toBeLessThan(10_000)
      expect(received).toMatch(/^HTTP\/1.1 408 /)
    }
  })

  test('a body that comes too slowly is not waited for', async () => {
    const app = new Koa().use((ctx) => finished(ctx.req.resume()))
    const listener = await listen(app, {
      host: '127.0.0.1',
      port: 0,
      headersTimeoutMs: 300,
      requestTimeoutMs: 600,
    })
    listeners.push(listener)
    app.silent = true
    const { ms } = await hold(listener.url, 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc')
    expect(ms).toBeLessThan(10_000)
  })

  test('an idle connection is closed after its time', async () => {
    const { url } = await start({ keepAliveTimeoutMs: 100 })
    const { ms, received } = await hold(url, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    expect(received).toContain('200 OK')
    expect(ms).toBeLessThan(10_000)
  })

  test('connections beyond the cap are closed at once, and there is room again afterwards', async () => {
    const { url } = await start({ maxConnections: 2 })
    const port = Number(new URL(url).port)
    const held = [connect(port, '127.0.0.1'), connect(port, '127.0.0.1')]
    await Promise.all(held.map((socket) => new Promise((resolve) => socket.once('connect', resolve))))
    expect((await hold(url, 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')).received).toBe('')
    for (const socket of held) socket.destroy()
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(await (await fetch(url)).text()).toBe('hello')
  })
})
