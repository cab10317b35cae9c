import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { bearer } from '../support/http-client.ts'
import { addClient, addPerson } from '../support/people.ts'
import { isActive, redeem, refresh, signIn } from '../support/sign-in.ts'
import type { Tokens } from '../support/sign-in.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer({ instances: 2 })
})
afterAll(() => server.stop())

test('a person signs in with password, code and consent, and the app gets working tokens (FT-07: every request on another instance)', async () => {
  const [client, person] = [await addClient(server), await addPerson(server)]
  const signedIn = await signIn(server, client, person, { scope: 'openid email profile' })
  const answer = await redeem(server, client, signedIn)
  expect(answer.status).toBe(200)
  const tokens = answer.json<Tokens>()
  expect(tokens.token_type).toBe('Bearer')
  const userinfo = await server.ask('/userinfo', { headers: bearer(tokens.access_token) })
  expect(userinfo.json()).toMatchObject({
    sub: person.id,
    email: person.email,
    email_verified: true,
    name: 'Pat Example',
  })
  expect(await isActive(server, client, tokens.access_token)).toBe(true)
  const refreshed = await refresh(server, client, tokens.refresh_token)
  expect(refreshed.status).toBe(200)
  expect(refreshed.json<Tokens>().refresh_token).toBe(tokens.refresh_token)
})
