import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { authorize } from '../support/authorize.ts'
import type { Answer } from '../support/http-client.ts'
import { addClient, addPerson } from '../support/people.ts'
import { signIn } from '../support/sign-in.ts'
import type { AuthorizeParams } from '../support/sign-in.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { createUserAgent } from '../support/user-agent.ts'
import type { UserAgent } from '../support/user-agent.ts'

const EVIL = 'https://evil.example/cb'

let server: TestServer
let signedIn: UserAgent
let client: Awaited<ReturnType<typeof addClient>>
let disabled: Awaited<ReturnType<typeof addClient>>
beforeAll(async () => {
  server = await startTestServer()
  client = await addClient(server)
  disabled = await addClient(server)
  await server.database.prisma.client.update({
    where: { id: disabled.id },
    data: { disabledAt: new Date() },
  })
  signedIn = (await signIn(server, client, await addPerson(server))).agent
})
afterAll(() => server.stop())

function expectNoWayOut(answer: Answer): void {
  expect(answer.location).toBeUndefined()
  expect(answer.status).toBeGreaterThanOrEqual(400)
  expect(answer.status).toBeLessThan(500)
  expect(answer.headers['content-type']).toMatch(/^text\/html/)
  expect(answer.headers['refresh']).toBeUndefined()
  expect(answer.text).not.toMatch(/(?:href|action|src|content)="[^"]*evil\.example/)
  expect(answer.text).not.toMatch(/http-equiv="refresh"/i)
}

describe('the authorization endpoint is not an open redirector', () => {
  const modes: AuthorizeParams[] = [
    {},
    { response_mode: 'fragment' },
    { response_mode: 'form_post' },
    { response_mode: 'web_message' },
    { prompt: 'none' },
    { response_type: 'token' },
    { scope: undefined },
  ]

  test.each<[string, () => AuthorizeParams]>([
    ['unknown', () => ({ client_id: 'nobody' })],
    ['missing', () => ({ client_id: undefined })],
    ['empty', () => ({ client_id: '' })],
    ['disabled', () => ({ client_id: disabled.id })],
    ['that of a registered client in capitals', () => ({ client_id: client.id.toUpperCase() })],
    ['that of a registered client and a space', () => ({ client_id: `${client.id} ` })],
    ['the name of a property of every object', () => ({ client_id: '__proto__' })],
    ['longer than any', () => ({ client_id: 'c'.repeat(3000) })],
  ])(
    'when the client id is %s, whatever else is asked (AZ-04, RFC 6749 section 4.1.2.1)',
    async (_what, params) => {
      for (const agent of [signedIn, createUserAgent(server)])
        for (const mode of modes)
          for (const redirectUri of [EVIL, 'https://rp.example/cb'])
            expectNoWayOut(
              await authorize(agent, client, { redirect_uri: redirectUri, ...mode, ...params() }),
            )
    },
  )

  test('when the redirect URI is not registered, whatever else is asked (AZ-04)', async () => {
    for (const agent of [signedIn, createUserAgent(server)])
      for (const mode of modes)
        expectNoWayOut(await authorize(agent, client, { redirect_uri: EVIL, ...mode }))
  })

  test('when a sign-in is resumed that was never begun (AZ-04, CVE-2022-39222)', async () => {
    const query = `redirect_uri=${encodeURIComponent(EVIL)}&client_id=${client.id}&response_type=code`
    for (const path of ['/authorize/nothing', `/authorize/${'a'.repeat(43)}`, '/interaction/nothing'])
      expectNoWayOut(await signedIn.get(`${path}?${query}`))
  })

  test.each([
    '//evil.example/',
    '/\\evil.example/',
    '/%5cevil.example/',
    '/.//evil.example',
    '//evil.example/%2e%2e',
  ])('when the path is %s (AZ-04, RFC 9700 section 4.11)', async (path) => {
    expectNoWayOut(await signedIn.get(path))
  })

  test('when a page is asked for with the usual names of a return address (AZ-04)', async () => {
    const names = [
      'return_to',
      'returnTo',
      'next',
      'continue',
      'redirect',
      'url',
      'target',
      'post_logout_redirect_uri',
    ]
    const query = names.map((name) => `${name}=${encodeURIComponent(EVIL)}`).join('&')
    for (const path of ['/logout', '/logout/success']) {
      const answer = await signedIn.get(`${path}?${query}`)
      expect(answer.location).toBeUndefined()
      // Whoever picks a language comes back to this very address: a path of ours, whatever its query says.
      const here = /<input type="hidden" name="here" value="(\/logout[^"]*)">/
      expect(answer.text.replace(here, '')).not.toContain('evil.example')
    }
  })
})
