import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { addAssertionClient, askWith, signAssertion } from '../support/assertion.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'

let server: TestServer
beforeAll(async () => (server = await startTestServer()))
afterAll(() => server.stop())

async function statusFor(aud: unknown, headers: Record<string, string> = {}): Promise<number> {
  const client = await addAssertionClient(server)
  return (await askWith(server, await signAssertion(server, client, { aud }), {}, headers)).status
}

describe('the audience of a client assertion', () => {
  test('is our issuer, as text or as the only one of a list (CA-08, draft-ietf-oauth-rfc7523bis)', async () => {
    expect(await statusFor(server.issuer)).toBe(200)
    expect(await statusFor([server.issuer])).toBe(200)
  })

  test.each<[string, (issuer: string) => unknown]>([
    ['another server', () => 'https://attacker-as.example'],
    ['the token endpoint of another server', () => 'https://attacker-as.example/token'],
    ['our token endpoint', (issuer) => `${issuer}/token`],
    ['our introspection endpoint', (issuer) => `${issuer}/introspect`],
    ['our issuer with a slash', (issuer) => `${issuer}/`],
    ['our issuer in capitals', (issuer) => issuer.toUpperCase()],
    ['our issuer and another server', (issuer) => [issuer, 'https://attacker-as.example']],
    ['another server and our issuer', (issuer) => ['https://attacker-as.example', issuer]],
    ['our issuer twice', (issuer) => [issuer, issuer]],
    ['a list in a list', (issuer) => [[issuer]]],
    ['an object', (issuer) => ({ issuer })],
    ['nobody', () => []],
    ['an empty text', () => ''],
    ['the client', () => 'c_self'],
  ])('is not %s (CA-08, FAPI 2.0 §5.3.2.1)', async (_, aud) => {
    expect(await statusFor(aud(server.issuer))).toBe(401)
  })

  test.each(['attacker-as.example', 'attacker-as.example:80'])(
    'is not what the request says it was sent to: %s (CA-08, M10, HT-01)',
    async (host) => {
      for (const aud of [`http://${host}`, `http://${host}/token`]) {
        expect(await statusFor(aud, { 'x-forwarded-host': host })).toBe(401)
        expect(await statusFor(aud, { forwarded: `host=${host}` })).toBe(401)
        expect(await statusFor(aud, { host })).toBe(421)
        expect(await statusFor(server.issuer, { host })).toBe(421)
      }
    },
  )
})
