import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createApi } from '../../examples/resource-server/api.ts'
import { revoke } from '../../src/oidc/index.ts'
import type { Selector } from '../../src/oidc/index.ts'
import { addApi, addClient, addPerson, machineClient } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { listenOn } from '../support/resource-server.ts'
import type { Listening } from '../support/resource-server.ts'
import { askToken, redeem, signIn } from '../support/sign-in.ts'
import type { Tokens } from '../support/sign-in.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { giveBack, grantOf } from '../support/tokens.ts'

type Client = Awaited<ReturnType<typeof addClient>>
const API = 'https://api.example/'
const LIFETIME = 5
let server: TestServer
let api: Listening
let web: Client, machine: Client
let person: Person
beforeAll(async () => {
  server = await startTestServer({ env: { CARDEA_STATUS_LIST_TTL: `${LIFETIME}` } })
  web = await addClient(server)
  machine = await addClient(server, { metadata: machineClient })
  await addApi(server, { format: 'jwt' })
  person = await addPerson(server)
  api = await listenOn(createApi({ issuer: server.issuer, audience: API }))
})
afterAll(async () => {
  await api.stop()
  await server.stop()
})

const status = async (token: string) =>
  (await fetch(`${api.url}/orders`, { headers: { authorization: `Bearer ${token}` } })).status

async function machinesToken(): Promise<string> {
  const form = { grant_type: 'client_credentials', resource: API, scope: 'orders:read' }
  return (await askToken(server, machine, form)).json<Tokens>().access_token
}

async function personsTokens(): Promise<Tokens> {
  const scope = 'openid offline_access orders:read'
  const signedIn = await signIn(server, web, person, { scope, resource: API, prompt: 'consent' })
  return (await redeem(server, web, signedIn, { resource: API })).json<Tokens>()
}

/** Milliseconds until the API no longer lets the token in; it is asked all the time. */
async function untilRefused(token: string): Promise<number> {
  const began = performance.now()
  while ((await status(token)) === 200) await new Promise((resolve) => setTimeout(resolve, 20))
  expect(await status(token)).toBe(401)
  return performance.now() - began
}

describe('the example API refuses a JWT that it let in before, within the time that is set, once', () => {
  const end = (selector: Selector) =>
    server.database.transaction((tx) => revoke(tx, selector, { reason: 'test' }))

  test.each<[string, (tokens: Tokens) => Promise<unknown>]>([
    ['the user’s access was revoked', () => end({ userId: person.id })],
    ['the grant was', async (tokens) => end({ grantId: await grantOf(server, tokens.refresh_token) })],
    ['the client gave its refresh token back', (tokens) => giveBack(server, web, tokens.refresh_token)],
    ['everything was revoked', () => end({ everything: true })],
  ])('%s (RV-05, draft-ietf-oauth-status-list §8.3)', async (_, act) => {
    const tokens = await personsTokens()
    expect(await status(tokens.access_token)).toBe(200)
    await act(tokens)
    expect(await untilRefused(tokens.access_token)).toBeLessThan(LIFETIME * 1000)
    expect(await status((await personsTokens()).access_token)).toBe(200)
  })

  test('the client gave it back, and no other (RV-05)', async () => {
    const [one, other] = [await machinesToken(), await machinesToken()]
    expect([await status(one), await status(other)]).toEqual([200, 200])
    await giveBack(server, machine, one)
    expect(await untilRefused(one)).toBeLessThan(LIFETIME * 1000)
    expect(await status(other)).toBe(200)
  })
})
