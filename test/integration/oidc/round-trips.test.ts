import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import pg from 'pg'
import type { StoredClient } from '../../../src/clients/index.ts'
import { basic, bearer } from '../../support/http-client.ts'
import { addApi, addClient, addPerson, machineClient, publicClient } from '../../support/people.ts'
import type { Person } from '../../support/people.ts'
import { startTestServer } from '../../support/server.ts'
import type { TestServer } from '../../support/server.ts'
import { askToken, authorizeUrl, pkce, redeem, refresh, signIn, tokensFor } from '../../support/sign-in.ts'
import type { Tokens } from '../../support/sign-in.ts'

type Query = (this: pg.Client, ...args: unknown[]) => unknown
const query = Reflect.get(pg.Client.prototype, 'query') as Query
let roundTrips = 0

let server: TestServer
let person: Person
let web: StoredClient & { secret: string }

beforeAll(async () => {
  pg.Client.prototype.query = function counting(this: pg.Client, ...args: unknown[]) {
    roundTrips += 1
    return query.apply(this, args)
  } as typeof pg.Client.prototype.query
  server = await startTestServer()
  person = await addPerson(server)
  web = await addClient(server, { firstParty: true })
})

afterAll(async () => {
  await server.stop()
  pg.Client.prototype.query = query as typeof pg.Client.prototype.query
})

/** How often one request waits for the database; it must be answered as expected. */
async function tripsOf(status: number, request: () => Promise<{ status: number }>): Promise<number> {
  // Whoever comes after ten quiet seconds looks at the signing keys first.
  await server.ask('/jwks')
  const before = roundTrips
  expect((await request()).status).toBe(status)
  return roundTrips - before
}

describe('round trips to the database', () => {
  test('introspection takes one', async () => {
    const { access_token: token } = await tokensFor(server, web, person)
    const headers = basic(web.id, web.secret)
    expect(await tripsOf(200, () => server.ask('/introspect', { body: { token }, headers }))).toBe(1)
  })

  test('userinfo takes one', async () => {
    const { access_token: token } = await tokensFor(server, web, person)
    expect(await tripsOf(200, () => server.ask('/userinfo', { headers: bearer(token) }))).toBe(1)
  })

  test('a code exchange takes two: one to read, one to commit', async () => {
    const signedIn = await signIn(server, web, person)
    expect(await tripsOf(200, () => redeem(server, web, signedIn))).toBe(2)
  })

  test('a refresh takes two, with rotation as without', async () => {
    const spa = await addClient(server, { firstParty: true, metadata: publicClient })
    for (const client of [web, spa]) {
      const { refresh_token: token } = await tokensFor(server, client, person)
      expect(await tripsOf(200, () => refresh(server, client, token))).toBe(2)
    }
  })

  test('client_credentials takes two, for an opaque token as for a JWT', async () => {
    const machine = await addClient(server, { metadata: machineClient })
    const form = { grant_type: 'client_credentials' }
    expect(await tripsOf(200, () => askToken(server, machine, form))).toBe(2)
    const { identifier: resource } = await addApi(server, { format: 'jwt' })
    const ask = () => askToken(server, machine, { ...form, resource, scope: 'orders:read' })
    // The first one fetches a block of places in a status list, for those that follow.
    expect(await tripsOf(200, ask)).toBe(3)
    expect(await tripsOf(200, ask)).toBe(2)
  })

  test('introspection of a JWT takes one', async () => {
    const machine = await addClient(server, { metadata: machineClient })
    const form = { grant_type: 'client_credentials', resource: 'https://api.example/' }
    const token = (await askToken(server, machine, form)).json<Tokens>().access_token
    const headers = basic(machine.id, machine.secret)
    expect(await tripsOf(200, () => server.ask('/introspect', { body: { token }, headers }))).toBe(1)
  })

  test('an authorization request of a browser that is signed in takes two', async () => {
    const { agent } = await signIn(server, web, person)
    const { challenge } = pkce()
    expect(await tripsOf(303, () => agent.get(authorizeUrl(web, challenge)))).toBe(2)
  })
})
