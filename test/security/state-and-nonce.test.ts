import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { askSilently, claimsOf } from '../support/authorize.ts'
import { addClient, addPerson } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { authorizeUrl, pkce, redeem, signIn, told, walk } from '../support/sign-in.ts'
import type { Tokens } from '../support/sign-in.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { createUserAgent } from '../support/user-agent.ts'
import type { UserAgent } from '../support/user-agent.ts'

const values = [
  'plain',
  '0',
  'null',
  ' leading and trailing ',
  'a+b c%20d%2B%25%zz',
  '%',
  '%00 as text',
  '&error=x&code=stolen#?/\\',
  '"\'<>`{}|^~[]@!$()*,;:=',
  '<script>alert(1)</script>',
  'ümläut ñ 漢字 👩‍👩‍👧 \u202e\u0301',
  'line\r\nbreak\tand tab',
  '\u0001\u007f',
  JSON.stringify({ nested: ['a', { b: 'c' }] }),
  'x'.repeat(2048),
]

let server: TestServer
let client: Awaited<ReturnType<typeof addClient>>
let poster: Awaited<ReturnType<typeof addClient>>
let person: Person
let signedIn: UserAgent
beforeAll(async () => {
  server = await startTestServer()
  client = await addClient(server)
  poster = await addClient(server, { firstParty: true, metadata: { response_modes: ['form_post'] } })
  person = await addPerson(server)
  signedIn = (await signIn(server, client, person)).agent
})
afterAll(() => server.stop())

describe('the state comes back byte for byte', () => {
  test('with a code (AZ-15, RFC 6749 section 4.1.2)', async () => {
    for (const state of values) {
      const answer = told(await askSilently(signedIn, client, { state }))
      expect({ state: answer['state'], error: answer['error'] }).toEqual({ state, error: undefined })
    }
  })

  test('with an error (AZ-15, RFC 6749 section 4.1.2.1)', async () => {
    for (const state of values) {
      const answer = told(await askSilently(signedIn, client, { state, scope: 'openid "' }))
      expect({ state: answer['state'], error: answer['error'] }).toEqual({ state, error: 'invalid_scope' })
    }
  })

  test('through all pages of a sign-in (AZ-15)', async () => {
    const state = values.join('').slice(0, 2048)
    const start = authorizeUrl(client, pkce().challenge, { state, prompt: 'consent' })
    const answer = told(await walk(server, createUserAgent(server), start, await addPerson(server)))
    expect(answer['code']).toMatch(/^[\w-]{43}$/)
    expect(answer['state']).toBe(state)
  })

  test('in a form posted to the client (AZ-15, OAuth 2.0 Form Post Response Mode)', async () => {
    for (const state of values) {
      const { text } = await askSilently(signedIn, poster, { state, response_mode: 'form_post' })
      const [, value = ''] = /name="state" value="([^"]*)"/.exec(text) ?? []
      expect(decodeHtml(value)).toBe(state)
    }
  })

  test('whatever it is (AZ-15)', async () => {
    const anything = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 200 })
    await fc.assert(
      fc.asyncProperty(
        anything.filter((text) => !text.includes('\0')),
        async (state) => {
          expect(told(await askSilently(signedIn, client, { state }))['state']).toBe(state)
        },
      ),
      { numRuns: 50 },
    )
  })
})

test('the nonce comes back byte for byte in the ID token (AZ-15, OpenID Connect Core section 2)', async () => {
  for (const nonce of values) {
    const session = await signIn(server, client, person, { nonce, prompt: 'none' }, { agent: signedIn })
    const { id_token: idToken } = (await redeem(server, client, session)).json<Tokens>()
    expect(claimsOf(idToken)['nonce']).toBe(nonce)
  }
})

function decodeHtml(text: string): string {
  return text
    .replaceAll(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)))
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')
}
