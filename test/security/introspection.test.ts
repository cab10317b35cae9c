import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { basic, bearer } from '../support/http-client.ts'
import { addApi, addClient, addPerson, machineClient, publicClient } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { askToken, redeem, signIn, tokensFor } from '../support/sign-in.ts'
import type { Tokens } from '../support/sign-in.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { digestOf, giveBack, introspect } from '../support/tokens.ts'

type Client = Awaited<ReturnType<typeof addClient>>
const API = 'https://api.example/'
const inactive = '{"active":false}'
let server: TestServer
let web: Client, spa: Client, machine: Client, api: Client, stranger: Client
let person: Person
let tokens: Tokens
let forApi: string
beforeAll(async () => {
  server = await startTestServer({ instances: 2 })
  const backend = { ...machineClient, grant_types: [] }
  web = await addClient(server)
  spa = await addClient(server, { metadata: publicClient })
  machine = await addClient(server, { metadata: machineClient })
  api = await addClient(server, { metadata: backend })
  stranger = await addClient(server, { metadata: backend })
  await addApi(server, { identifier: API, clientId: api.id })
  await addApi(server, { identifier: 'https://other.example/', clientId: stranger.id })
  person = await addPerson(server)
  tokens = await tokensFor(server, web, person, { scope: 'openid offline_access', prompt: 'consent' })
  const signedIn = await signIn(server, web, person, { scope: 'openid orders:read', resource: API })
  forApi = (await redeem(server, web, signedIn, { resource: API })).json<Tokens>().access_token
})
afterAll(() => server.stop())

describe('introspection answers nobody', () => {
  test.each<[string, () => { body?: Record<string, string>; headers?: Record<string, string> }]>([
    ['without credentials', () => ({})],
    ['with a wrong secret', () => ({ headers: basic(web.id, 'wrong') })],
    ['that it does not know', () => ({ headers: basic('c_nobody', 'x') })],
    ['with a bearer token', () => ({ headers: bearer(tokens.access_token) })],
    ['with a client_id alone', () => ({ body: { client_id: web.id } })],
    ['who is a public client, which anybody can be', () => ({ body: { client_id: spa.id } })],
  ])('%s: 401, whatever the token (IN-01, RFC 7662 §2.1, §2.3)', async (_, caller) => {
    const { body = {}, headers = {} } = caller()
    for (const token of [tokens.access_token, 'x']) {
      const answer = await server.ask('/introspect', { body: { token, ...body }, headers })
      expect([answer.status, answer.json()['error']]).toEqual([401, 'invalid_client'])
    }
  })
})

describe('introspection says {"active":false} and nothing more, byte for byte, of a token', () => {
  const expire = (token: string) =>
    server.database.pool.query(
      `UPDATE tokens SET expires_at = now() - interval '1 second' WHERE digest = $1`,
      [digestOf(token)],
    )

  test.each<[string, () => Promise<string>]>([
    ['that never was', () => Promise.resolve('A'.repeat(43))],
    ['that is empty but for a space', () => Promise.resolve(' ')],
    ['that holds what no database can hold', () => Promise.resolve('a\0b')],
    ['that is longer than any', () => Promise.resolve('x'.repeat(20_000))],
    ['that is called like a thing of the language', () => Promise.resolve('__proto__')],
    [
      'that expired',
      async () => {
        const { access_token: token } = await tokensFor(server, web, person)
        await expire(token)
        return token
      },
    ],
    [
      'that was given back',
      async () => {
        const { access_token: token } = await tokensFor(server, web, person)
        await giveBack(server, web, token)
        return token
      },
    ],
    [
      'to refresh that expired',
      async () => {
        const { refresh_token: token } = await tokensFor(server, web, person)
        await expire(token)
        return token
      },
    ],
    [
      'of another client',
      async () => (await tokensFor(server, await addClient(server), person)).access_token,
    ],
    ['that is a code', async () => (await signIn(server, web, person)).code],
  ])('%s (IN-02, RFC 7662 §2.2)', async (_, tokenOf) => {
    const token = await tokenOf()
    const reference = await introspect(server, web, 'B'.repeat(43))
    for (const hint of ['', 'access_token', 'refresh_token', 'made_up']) {
      const answer = await introspect(server, web, token, { token_type_hint: hint })
      expect([answer.status, answer.text]).toEqual([200, inactive])
      expect(answer.headers['content-length']).toBe(reference.headers['content-length'])
      expect(Object.keys(answer.headers).toSorted()).toEqual(Object.keys(reference.headers).toSorted())
    }
  })
})

describe('a token is seen', () => {
  test('by the client it was issued to, with what it may know (IN-03, RFC 7662 §2.2)', async () => {
    const seen = (await introspect(server, web, tokens.access_token)).json()
    expect(seen).toMatchObject({
      active: true,
      client_id: web.id,
      sub: person.id,
      iss: server.issuer,
      token_type: 'Bearer',
      scope: 'openid offline_access',
    })
    expect(Object.keys(seen).toSorted()).toEqual(
      [
        ...['active', 'client_id', 'exp', 'iat', 'iss', 'scope', 'sub', 'token_type'],
        // How its user signed in (RFC 9470 section 6.2).
        ...['acr', 'amr', 'auth_time'],
      ].toSorted(),
    )
    expect((await introspect(server, web, tokens.refresh_token)).json()).toMatchObject({ active: true })
  })

  test('by the API it is for, and by no other client (IN-03, RFC 7662 §4, CVE-2026-37979, M12)', async () => {
    expect((await introspect(server, api, forApi)).json()).toMatchObject({
      active: true,
      aud: API,
      client_id: web.id,
    })
    for (const client of [stranger, machine])
      for (const token of [forApi, tokens.access_token, tokens.refresh_token])
        expect((await introspect(server, client, token)).text).toBe(inactive)
  })

  test('by the API only if it is an access token for it: not the refresh token behind it, nor one for userinfo (IN-03)', async () => {
    const signedIn = await signIn(server, web, person, {
      scope: 'openid offline_access orders:read',
      resource: API,
      prompt: 'consent',
    })
    const all = (await redeem(server, web, signedIn)).json<Tokens>()
    expect((await introspect(server, api, all.refresh_token)).text).toBe(inactive)
    expect((await introspect(server, api, all.access_token)).text).toBe(inactive)
  })

  test('of a machine too: by itself and by the API (IN-03)', async () => {
    const form = { grant_type: 'client_credentials', resource: API, scope: 'orders:read' }
    const { access_token: token } = (await askToken(server, machine, form)).json<Tokens>()
    for (const caller of [machine, api]) {
      const seen = (await introspect(server, caller, token)).json()
      expect(seen).toMatchObject({ active: true, client_id: machine.id, aud: API })
      expect(seen).not.toHaveProperty('sub')
    }
    expect((await introspect(server, stranger, token)).text).toBe(inactive)
  })

  test('by nobody once the API has another client to introspect as (IN-03)', async () => {
    const own = await addClient(server, { metadata: { ...machineClient, grant_types: [] } })
    await server.database.prisma.resourceServer.update({
      where: { identifier: API },
      data: { clientId: own.id },
    })
    try {
      expect((await introspect(server, api, forApi)).text).toBe(inactive)
      expect((await introspect(server, own, forApi)).json()).toMatchObject({ active: true })
    } finally {
      await server.database.prisma.resourceServer.update({
        where: { identifier: API },
        data: { clientId: api.id },
      })
    }
  })
})

describe('the API sees a token as inactive from the moment on at which', () => {
  const flip = {
    user: (disabledAt: Date | null) =>
      server.database.prisma.user.update({ where: { id: person.id }, data: { disabledAt } }),
    client: (disabledAt: Date | null) =>
      server.database.prisma.client.update({ where: { id: web.id }, data: { disabledAt } }),
  }
  test.each(['user', 'client'] as const)(
    'its %s is disabled, and again active when enabled (IN-04, M14, M15)',
    async (which) => {
      await flip[which](new Date())
      try {
        for (const instance of server.instances)
          expect((await introspect(instance, api, forApi)).text).toBe(inactive)
      } finally {
        await flip[which](null)
      }
      expect((await introspect(server, api, forApi)).json()).toMatchObject({ active: true })
    },
  )

  test('its client, its user or its grant is gone from the database, and it is no error of ours (IN-04, FT-31, M15)', async () => {
    for (const table of ['client', 'user', 'grant'] as const) {
      const [client, user] = [await addClient(server), await addPerson(server)]
      const signedIn = await signIn(server, client, user, { scope: 'openid orders:read', resource: API })
      const { access_token: token } = (
        await redeem(server, client, signedIn, { resource: API })
      ).json<Tokens>()
      expect((await introspect(server, api, token)).json()).toMatchObject({ active: true })
      const { prisma } = server.database
      if (table === 'client') await prisma.client.delete({ where: { id: client.id } })
      if (table === 'user') await prisma.user.delete({ where: { id: user.id } })
      if (table === 'grant') await prisma.grant.deleteMany({ where: { userId: user.id } })
      expect([table, (await introspect(server, api, token)).text]).toEqual([table, inactive])
    }
  })
})
