import { createServer } from 'node:http'
import type { RequestListener, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { createOutboundGuard } from '../../src/http/index.ts'
import { getLogo } from '../../src/jobs/get-logo.ts'
import { gif, png } from '../support/pictures.ts'

let server: Server
let origin: string
let asked: string[]
let answer: RequestListener
beforeAll(async () => {
  server = createServer((req, res) => {
    asked.push(`${req.socket.localAddress} ${req.url}`)
    answer(req, res)
  })
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
beforeEach(() => {
  asked = []
  answer = (_req, res) => res.end(png(64, 64))
})
afterAll(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

const open = createOutboundGuard(['127.0.0.1'])
const strict = createOutboundGuard([])
const port = () => new URL(origin).port

describe('a logo_uri (XS-01, server-side request forgery)', () => {
  test('is fetched when it leads where we may go', async () => {
    expect(await getLogo(open, `${origin}/logo`)).toMatchObject({
      ok: true,
      image: { type: 'image/png', width: 64 },
    })
    expect(asked).toEqual(['127.0.0.1 /logo'])
  })

  test.each([
    ['our own machine', (at: string) => `http://127.0.0.1:${at}/`],
    ['our own machine by name', (at: string) => `http://localhost:${at}/`],
    ['our own machine as a number', (at: string) => `https://2130706433:${at}/`],
    ['our own machine in octal', (at: string) => `https://0177.0.0.1:${at}/`],
    ['our own machine, shortened', (at: string) => `https://127.1:${at}/`],
    ['another of our own addresses', (at: string) => `https://127.0.0.9:${at}/`],
    ['our own machine in IPv6', (at: string) => `http://[::1]:${at}/`],
    ['IPv4 in IPv6', (at: string) => `https://[::ffff:127.0.0.1]:${at}/`],
    ['everything', (at: string) => `https://0.0.0.0:${at}/`],
    ['the metadata of a cloud', () => 'https://169.254.169.254/latest/meta-data/'],
    ['the metadata of a cloud in IPv6', () => 'https://[fd00:ec2::254]/latest/meta-data/'],
    ['a private network', () => 'https://10.0.0.1/logo.png'],
    ['a name of ours', (at: string) => `https://localhost:${at}/`],
  ])('that leads to %s asks nobody', async (_, uri) => {
    expect(await getLogo(strict, uri(port()))).toEqual({ ok: false, error: 'blocked' })
    expect(asked).toEqual([])
  })

  test.each([
    'http://logos.example/logo.png',
    'ftp://127.0.0.1/logo.png',
    'file:///etc/passwd',
    'data:image/png;base64,AA==',
  ])('of another kind than https asks nobody: %s', async (uri) => {
    expect(await getLogo(open, uri)).toEqual({ ok: false, error: 'not_https' })
  })

  test.each(['http://169.254.169.254/latest/meta-data/', '/elsewhere', 'http://127.0.0.9/'])(
    'is not followed to %s',
    async (location) => {
      answer = (_req, res) => res.writeHead(302, { location }).end()
      expect(await getLogo(open, `${origin}/logo`)).toEqual({ ok: false, error: 'http_302' })
      expect(asked).toEqual(['127.0.0.1 /logo'])
    },
  )

  test('carries nothing of ours along: no cookie, no referrer, no credentials', async () => {
    let headers: string[] = []
    answer = (req, res) => {
      headers = Object.keys(req.headers)
      res.end(png(1, 1))
    }
    await getLogo(open, `${origin}/logo`)
    expect(headers.toSorted()).toEqual(['accept', 'connection', 'host'])
  })
})

describe('what comes back', () => {
  test.each<[string, string, RequestListener]>([
    ['is not there', 'http_404', (_req, res) => res.writeHead(404).end(png(1, 1))],
    ['is nothing', 'http_204', (_req, res) => res.writeHead(204).end()],
    [
      'is a page that calls itself a picture',
      'not_an_image',
      (_req, res) => res.writeHead(200, { 'content-type': 'image/png' }).end('<script>alert(1)</script>'),
    ],
    [
      'is a drawing that can run',
      'svg',
      (_req, res) => res.writeHead(200, { 'content-type': 'image/svg+xml' }).end('<svg onload="alert(1)"/>'),
    ],
    ['unfolds to gigabytes', 'too_many_pixels', (_req, res) => res.end(png(60_000, 60_000))],
    ['moves', 'animated', (_req, res) => res.end(gif(8, 8, 3))],
    [
      'is larger than 256 kB',
      'too_large',
      (_req, res) => res.end(Buffer.concat([png(8, 8), Buffer.alloc(300_000)])),
    ],
    [
      'breaks off',
      'broken',
      (_req, res) =>
        void res.writeHead(200, { 'content-length': '9000' }).write(png(8, 8), () => res.destroy()),
    ],
  ])('is refused when it %s: %s', async (_what, error, listener) => {
    answer = listener
    expect(await getLogo(open, `${origin}/logo`)).toEqual({ ok: false, error })
  })

  test('without end is left after 256 kB', async () => {
    let sent = 0
    answer = (_req, res) => {
      const more = () => {
        while (!res.destroyed && sent < 64_000_000 && res.write(Buffer.alloc(65_536))) sent += 65_536
      }
      res.on('drain', more)
      more()
    }
    expect(await getLogo(open, `${origin}/logo`)).toEqual({ ok: false, error: 'too_large' })
    expect(sent).toBeLessThan(32_000_000)
  })

  test.each<[string, RequestListener]>([
    ['never begins', () => undefined],
    [
      'comes byte by byte',
      (_req, res) => {
        const bytes = png(64, 64)
        let at = 0
        const timer = setInterval(() => res.write(bytes.subarray(at, (at += 1))), 20)
        res.on('close', () => clearInterval(timer))
      },
    ],
  ])('is waited for only so long when it %s', async (_what, listener) => {
    answer = listener
    const begun = performance.now()
    expect(await getLogo(open, `${origin}/logo`, { timeoutMs: 300 })).toEqual({ ok: false, error: 'timeout' })
    expect(performance.now() - begun).toBeLessThan(3000)
  })

  test('of nobody is told as such', async () => {
    expect(await getLogo(open, 'http://127.0.0.1:1/logo')).toEqual({ ok: false, error: 'refused' })
  })
})
