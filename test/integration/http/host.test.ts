import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Middleware } from 'koa'
import { type Stack, startStack } from './stack.ts'

const echo: Middleware = (ctx) => {
  ctx.body = { href: ctx.href, secure: ctx.secure, ip: ctx.ip, url: ctx.url, host: ctx.host }
}

let plain: Stack
let tls: Stack
beforeAll(async () => {
  plain = await startStack({ middleware: [echo] })
  tls = await startStack({
    issuer: 'https://id.example.com',
    trustedProxies: ['127.0.0.1'],
    middleware: [echo],
  })
})
afterAll(async () => {
  await plain.listener.close(100)
  await tls.listener.close(100)
})

const viaProxy = { 'X-Forwarded-Proto': 'https', 'X-Forwarded-For': '203.0.113.9' }

describe('a request for our own host', () => {
  test('is served and sees the issuer’s origin', async () => {
    const answer = await plain.send('/a?b=c')
    expect(JSON.parse(answer.body)).toMatchObject({
      href: `${plain.url}/a?b=c`,
      secure: false,
      ip: '127.0.0.1',
    })
  })

  test('sees the issuer’s https origin behind a trusted TLS proxy (HT-01, MD-01)', async () => {
    const answer = await tls.send('/a', { headers: viaProxy })
    expect(JSON.parse(answer.body)).toMatchObject({
      href: 'https://id.example.com/a',
      secure: true,
      ip: '203.0.113.9',
    })
  })

  test.each(['id.example.com:443', 'ID.EXAMPLE.COM'])('may spell the host %s', async (host) => {
    const answer = await tls.send('/a', { headers: { ...viaProxy, host } })
    expect(JSON.parse(answer.body)).toMatchObject({
      href: 'https://id.example.com/a',
      host: 'id.example.com',
    })
  })

  test('may come in absolute form (RFC 9112 §3.2.2)', async () => {
    const target = `http://127.0.0.1:${plain.port}/a?b=c`
    const answer = await plain.raw(
      `GET ${target} HTTP/1.1\r\nHost: 127.0.0.1:${plain.port}\r\nConnection: close\r\n\r\n`,
    )
    expect(answer).toContain(
      JSON.stringify({ href: target, secure: false, ip: '127.0.0.1', url: '/a?b=c' }).slice(0, -1),
    )
  })
})

describe('a request for another host (HT-01)', () => {
  test.each([
    'evil.example',
    'id.example.com.evil.example',
    'id.example.com:8443',
    'id.example.com:80',
    'user@id.example.com',
    'evil.example@id.example.com',
    'id.example.com, evil.example',
    'id.example.com.',
    'id.example.com#evil.example',
    ' ',
    '',
  ])('is refused with 421 and not repeated: Host %j', async (host) => {
    const answer = await tls.send('/.well-known/openid-configuration', { headers: { ...viaProxy, host } })
    expect(answer.status).toBe(421)
    expect(JSON.stringify(answer.headers) + answer.body).not.toContain('evil')
    expect(JSON.parse(answer.body)).toMatchObject({ error: 'invalid_request' })
  })

  test('is refused with a page for a browser', async () => {
    const answer = await tls.send('/', {
      headers: { ...viaProxy, host: 'evil.example', accept: 'text/html' },
    })
    expect(answer.status).toBe(421)
    expect(answer.headers['content-type']).toBe('text/html; charset=utf-8')
    expect(answer.body).not.toContain('evil')
  })

  test.each([
    'http://evil.example/a',
    'https://evil.example/a',
    'http://127.0.0.1:1/a',
    'ftp://127.0.0.1/a',
    'http://',
  ])('is refused in absolute form: %s', async (target) => {
    const answer = await plain.raw(
      `GET ${target} HTTP/1.1\r\nHost: 127.0.0.1:${plain.port}\r\nConnection: close\r\n\r\n`,
    )
    expect(answer).toMatch(/^HTTP\/1.1 4(21|00) /)
    expect(answer).not.toContain('evil')
  })

  test('X-Forwarded-Host and its kin change nothing, from whomever', async () => {
    const evil = {
      'X-Forwarded-Host': 'evil.example',
      Forwarded: 'host=evil.example;proto=http',
      'X-Forwarded-Port': '81',
    }
    const answer = await tls.send('/a', { headers: { ...viaProxy, ...evil } })
    expect(answer.status).toBe(200)
    expect(answer.body).not.toContain('evil')
  })
})

describe('a request without one clear host (RFC 9112 §3.2)', () => {
  const own = (): string => `Host: 127.0.0.1:${plain.port}\r\n`

  test.each([
    ['two different hosts', () => `GET / HTTP/1.1\r\n${own()}Host: evil.example\r\n`],
    ['the same host twice', () => `GET / HTTP/1.1\r\n${own()}${own()}`],
    ['no host', () => 'GET / HTTP/1.1\r\n'],
    ['no host in HTTP/1.0', () => 'GET / HTTP/1.0\r\n'],
  ])('is refused with 400: %s', async (_, head) => {
    const answer = await plain.raw(`${head()}Connection: close\r\n\r\n`)
    expect(answer).toMatch(/^HTTP\/1.1 400 /)
    expect(answer).not.toContain('evil')
  })
})

describe('a request over another scheme than the issuer’s', () => {
  test('is refused when it reached an https issuer in the clear, and the log says why once', async () => {
    for (let round = 0; round < 3; round++) expect((await tls.send('/a')).status).toBe(421)
    expect(tls.log.filter((line) => line.includes('is the TLS proxy trusted?'))).toHaveLength(1)
  })

  test('cannot call itself https without a trusted proxy (TH-06)', async () => {
    expect((await plain.send('/a', { headers: viaProxy })).status).toBe(200)
    const untrusting = await startStack({ issuer: 'https://id.example.com', middleware: [echo] })
    expect((await untrusting.send('/a', { headers: viaProxy })).status).toBe(421)
    await untrusting.listener.close(100)
  })
})
