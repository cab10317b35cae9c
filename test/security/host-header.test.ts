import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { addClient } from '../support/people.ts'
import { sendRaw, statusOf } from '../support/raw.ts'
import { everyRoute } from '../support/routes.ts'
import { authorizeUrl, pkce } from '../support/sign-in.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'

let server: TestServer
let port: number
let ours: string
beforeAll(async () => {
  server = await startTestServer()
  port = server.instances[0]?.port ?? 0
  ours = new URL(server.issuer).host
})
afterAll(() => server.stop())

const evil = 'evil.example'

/** One request with exactly these lines between the request line and its end. */
function request(target: string, headers: string[], method = 'GET'): Promise<string> {
  const lines = [`${method} ${target} HTTP/1.1`, ...headers, 'Content-Length: 0', 'Connection: close']
  return sendRaw(port, `${lines.join('\r\n')}\r\n\r\n`)
}

/** Ways to say that the request is for somebody else, given our own authority. */
const attacks: Record<string, (path: string) => [target: string, headers: string[]]> = {
  'another host': (path) => [path, [`Host: ${evil}`]],
  'our host as the beginning of another': (path) => [path, [`Host: ${ours}.${evil}`]],
  'our host as a user name': (path) => [path, [`Host: ${ours}@${evil}`]],
  'our name, another port': (path) => [path, [`Host: localhost:1`]],
  'our name, no port': (path) => [path, ['Host: localhost']],
  'two hosts, ours first': (path) => [path, [`Host: ${ours}`, `Host: ${evil}`]],
  'two hosts, ours last': (path) => [path, [`Host: ${evil}`, `Host: ${ours}`]],
  'two hosts in one': (path) => [path, [`Host: ${ours}, ${evil}`]],
  'no host': (path) => [path, []],
  'an empty host': (path) => [path, ['Host:']],
  'an absolute target elsewhere': (path) => [`http://${evil}${path}`, [`Host: ${ours}`]],
  'an absolute target here, another host': (path) => [`http://${ours}${path}`, [`Host: ${evil}`]],
  'an absolute target with a user name': (path) => [`http://${ours}@${evil}${path}`, [`Host: ${ours}`]],
}

describe('a request that names another authority', () => {
  test.each(Object.entries(attacks))(
    'as %s is refused on every route, and what it said is repeated nowhere (HT-01, RFC 9110 §7.4, CVE-2026-27959)',
    async (_, attack) => {
      const served: string[] = []
      for (const { path, methods } of everyRoute) {
        const raw = await request(...attack(path), methods[0])
        if (![400, 421].includes(statusOf(raw)) || raw.includes('evil')) served.push(`${path} ${raw}`)
      }
      expect(served).toEqual([])
    },
  )

  test('in a header that proxies set changes nothing (HT-01, MD-01)', async () => {
    const headers = [
      `Host: ${ours}`,
      ...['X-Forwarded-Host', 'X-Host', 'X-Original-Host', 'X-HTTP-Host-Override'].map(
        (name) => `${name}: ${evil}`,
      ),
      `Forwarded: host=${evil};proto=https`,
      'X-Forwarded-Port: 1',
      'X-Forwarded-Proto: https',
      `X-Original-URL: /${evil}`,
      `X-Rewrite-URL: /${evil}`,
    ]
    const document = await request('/.well-known/openid-configuration', headers)
    expect(statusOf(document)).toBe(200)
    const urls = document.match(/https?:\/\/[^"/]+/g) ?? []
    expect(new Set(urls)).toEqual(new Set([server.issuer]))
    for (const { path, methods } of everyRoute) {
      const raw = await request(path, headers, methods[0])
      expect({ path, leaks: /evil|:1\//.test(raw) }).toEqual({ path, leaks: false })
    }
  })

  test('does not choose where the sign-in leads: every redirect of it is our own (HT-01)', async () => {
    const start = authorizeUrl(await addClient(server), pkce().challenge)
    const raw = await request(start, [`Host: ${ours}`, `X-Forwarded-Host: ${evil}`])
    expect(raw).toMatch(/\r\nLocation: \/interaction\//i)
    expect(raw).not.toContain('evil')
    expect(statusOf(await request(start, [`Host: ${evil}`]))).toBe(421)
  })
})

describe('a request that names us', () => {
  test.each(['localhost', 'LOCALHOST', 'LocalHost'])('as %s is served', async (name) => {
    const raw = await request('/jwks', [`Host: ${name}:${port}`])
    expect(statusOf(raw)).toBe(200)
  })

  test('in absolute form is served as what it is (RFC 9112 §3.2.2)', async () => {
    const raw = await request(`${server.issuer}/.well-known/openid-configuration`, [`Host: ${ours}`])
    expect(statusOf(raw)).toBe(200)
    expect(raw).toContain(`"issuer":"${server.issuer}"`)
  })
})
