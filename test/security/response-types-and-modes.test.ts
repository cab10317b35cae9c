import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { askSilently, authorize } from '../support/authorize.ts'
import { addClient, addPerson } from '../support/people.ts'
import { askToken, signIn, told } from '../support/sign-in.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import type { UserAgent } from '../support/user-agent.ts'

let server: TestServer
let client: Awaited<ReturnType<typeof addClient>>
let signedIn: UserAgent
let metadata: Record<string, unknown>
beforeAll(async () => {
  server = await startTestServer()
  client = await addClient(server)
  signedIn = (await signIn(server, client, await addPerson(server))).agent
  metadata = (await server.ask('/.well-known/openid-configuration')).json()
})
afterAll(() => server.stop())

describe('the grants that hand tokens through the browser, or passwords to the app, do not exist', () => {
  test.each([
    'token',
    'id_token',
    'id_token token',
    'code token',
    'code id_token',
    'code id_token token',
    'token id_token',
    'none',
    'code none',
    'CODE',
    'code,token',
    'password',
    '__proto__',
  ])(
    'response_type=%s is unsupported, and gives neither code nor token (AZ-10, RFC 9700 section 2.1.2)',
    async (type) => {
      for (const mode of [undefined, 'query', 'fragment', 'form_post']) {
        const answer = await askSilently(signedIn, client, { response_type: type, response_mode: mode })
        const everything = `${answer.location ?? ''} ${answer.text}`
        expect(everything).not.toMatch(/access_token|id_token=|name="id_token"|[?&#]code=|name="code"/)
        // Asked for tokens in the query, the engine objects to that first.
        expect(everything).toMatch(
          mode === 'query' ? /unsupported_response_type|invalid_request/ : /unsupported_response_type/,
        )
      }
    },
  )

  test('the metadata name response_type code alone (AZ-10, RFC 8414 section 2)', () => {
    expect(metadata['response_types_supported']).toEqual(['code'])
  })

  test.each([
    'password',
    'implicit',
    'urn:openid:params:grant-type:ciba',
    'urn:ietf:params:oauth:grant-type:jwt-bearer',
    'urn:ietf:params:oauth:grant-type:token-exchange',
  ])('grant_type=%s is unsupported and unadvertised (AZ-10, RFC 9700 section 2.4)', async (grantType) => {
    const form = { grant_type: grantType, username: 'a@example.com', password: 'x', scope: 'openid' }
    const answer = await askToken(server, client, form)
    expect({ status: answer.status, error: answer.json()['error'] }).toEqual({
      status: 400,
      error: 'unsupported_grant_type',
    })
    expect(metadata['grant_types_supported']).not.toContain(grantType)
  })
})

describe('a response mode', () => {
  test.each([
    'fragment',
    'form_post',
    'web_message',
    'jwt',
    'query.jwt',
    'form_post.jwt',
    'cookie',
    '__proto__',
  ])('the client did not register is refused: %s (AZ-11, ASVS 10.4.12)', async (mode) => {
    for (const responseType of ['code', 'code code']) {
      const params = { response_mode: mode, response_type: responseType }
      const answer = await askSilently(signedIn, client, params)
      const everything = `${answer.location ?? ''} ${answer.text}`
      expect(everything).toMatch(/invalid_request|unsupported_response_mode/)
      expect(everything).not.toMatch(/[?&#]code=|name="code"/)
    }
  })

  test('the client did register works (AZ-11)', async () => {
    const poster = await addClient(server, { firstParty: true, metadata: { response_modes: ['form_post'] } })
    const answer = await askSilently(signedIn, poster, { response_mode: 'form_post' })
    expect(answer.status).toBe(200)
    expect(answer.text).toMatch(/<form method="post" action="https:\/\/rp\.example\/cb">/)
    expect(answer.text).toMatch(/name="code" value="[\w-]{43}"/)
    expect(answer.text).toContain(`name="iss" value="${server.issuer}"`)
    expect(told(await askSilently(signedIn, poster))['error']).toBe('invalid_request')
  })

  test('query is what a client gets that registered none (AZ-11)', async () => {
    expect(told(await askSilently(signedIn, client, { response_mode: 'query' }))['code']).toBeDefined()
    expect((await authorize(signedIn, client)).location).toMatch(/^https:\/\/rp\.example\/cb\?code=/)
  })
})
