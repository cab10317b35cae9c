import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { basic } from '../support/http-client.ts'
import { addApi, addClient, addPerson, machineClient, publicClient } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { askToken, isActive, refresh, tokensFor } from '../support/sign-in.ts'
import type { Tokens } from '../support/sign-in.ts'
import { startTestServer } from '../support/server.ts'
import type { Instance, TestServer } from '../support/server.ts'
import { giveBack, grantOf, introspect, userinfo } from '../support/tokens.ts'

type Client = Awaited<ReturnType<typeof addClient>>
let server: TestServer
let web: Client, spa: Client, machine: Client
let person: Person
let here: Instance, there: Instance
beforeAll(async () => {
  server = await startTestServer({ instances: 2 })
  ;[here, there] = server.instances as [Instance, Instance]
  web = await addClient(server)
  spa = await addClient(server, { metadata: publicClient })
  machine = await addClient(server, { metadata: machineClient })
  await addApi(server)
  person = await addPerson(server)
})
afterAll(() => server.stop())

const offline = { scope: 'openid offline_access', prompt: 'consent' }

describe('a client gives back', () => {
  test.each(['', 'access_token', 'refresh_token', 'made_up'])(
    'its refresh token, whatever it calls it ("%s"): the access tokens are refused at once, and elsewhere (RV-01, RV-04, RFC 7009 §2.1)',
    async (hint) => {
      const tokens = await tokensFor(server, web, person, offline)
      expect((await giveBack(here, web, tokens.refresh_token, { token_type_hint: hint })).status).toBe(200)
      const began = performance.now()
      const [used, seen, refreshed] = await Promise.all([
        userinfo(there, tokens.access_token),
        introspect(there, web, tokens.access_token),
        refresh(there, web, tokens.refresh_token),
      ])
      expect(performance.now() - began).toBeLessThan(2000)
      expect([used.status, seen.text, refreshed.status]).toEqual([401, '{"active":false}', 400])
    },
  )

  test.each(['', 'access_token', 'refresh_token', 'made_up'])(
    'its access token, whatever it calls it ("%s"): the whole grant ends with it (RV-01, RFC 7009 §2.1, M13)',
    async (hint) => {
      const tokens = await tokensFor(server, web, person, offline)
      const grantId = await grantOf(server, tokens.access_token)
      expect((await giveBack(here, web, tokens.access_token, { token_type_hint: hint })).status).toBe(200)
      // Marked, and not only emptied: a refresh in flight has nothing to go on from.
      const grant = await server.database.prisma.grant.findUniqueOrThrow({ where: { id: grantId } })
      expect(grant.revokedAt).not.toBeNull()
      expect((await userinfo(there, tokens.access_token)).status).toBe(401)
      expect((await refresh(there, web, tokens.refresh_token)).status).toBe(400)
    },
  )

  test('its token as a public client, which has no secret to show (RV-01, RFC 7009 §2.1)', async () => {
    const tokens = await tokensFor(server, spa, person, offline)
    const answer = await here.ask('/revoke', { body: { token: tokens.refresh_token, client_id: spa.id } })
    expect([answer.status, answer.text]).toEqual([200, ''])
    expect((await userinfo(there, tokens.access_token)).status).toBe(401)
  })

  test('its own token as a machine, and only that one (RV-01)', async () => {
    const form = { grant_type: 'client_credentials', resource: 'https://api.example/' }
    const [one, other] = [await askToken(here, machine, form), await askToken(here, machine, form)]
    const token = one.json<Tokens>().access_token
    expect((await giveBack(here, machine, token)).status).toBe(200)
    expect(await isActive(there, machine, token)).toBe(false)
    expect(await isActive(there, machine, other.json<Tokens>().access_token)).toBe(true)
  })

  test('a token of one sign-in, and another sign-in of the same user at the same client goes on (RV-01)', async () => {
    const [one, other] = [
      await tokensFor(server, web, person, offline),
      await tokensFor(server, web, person, offline),
    ]
    await giveBack(here, web, one.refresh_token)
    expect(await isActive(there, web, other.access_token)).toBe(true)
    expect((await refresh(there, web, other.refresh_token)).status).toBe(200)
  })

  test('the same token twice: both times 200 (RV-02, RFC 7009 §2.2)', async () => {
    const tokens = await tokensFor(server, web, person, offline)
    for (let round = 0; round < 2; round += 1)
      expect((await giveBack(here, web, tokens.refresh_token)).status).toBe(200)
  })

  test('a token, and it is on record who did it and why (RV-01)', async () => {
    const tokens = await tokensFor(server, web, person, offline)
    const grantId = await grantOf(server, tokens.refresh_token)
    await giveBack(here, web, tokens.refresh_token)
    const events = await server.database.prisma.auditEvent.findMany({
      where: { grantId, type: 'grant.revoked' },
    })
    expect(events).toMatchObject([
      {
        userId: person.id,
        clientId: web.id,
        ip: '127.0.0.1',
        detail: { reason: 'revoked_by_client' },
      },
    ])
  })
})

describe('nothing ends when', () => {
  test('the client did not authenticate (RV-01, RFC 7009 §2.1)', async () => {
    const tokens = await tokensFor(server, web, person, offline)
    for (const ask of [
      { body: { token: tokens.refresh_token } },
      { body: { token: tokens.refresh_token, client_id: web.id } },
      { body: { token: tokens.refresh_token }, headers: basic(web.id, 'wrong') },
    ])
      expect((await here.ask('/revoke', ask)).status).toBe(401)
    expect(await isActive(there, web, tokens.access_token)).toBe(true)
  })

  test('the token belongs to another client, which is told what it would be told of no token (RV-01)', async () => {
    const tokens = await tokensFor(server, web, person, offline)
    const unknown = await giveBack(here, machine, 'x'.repeat(43))
    for (const token of [tokens.access_token, tokens.refresh_token]) {
      const answer = await giveBack(here, machine, token)
      expect([answer.status, answer.text]).toEqual([unknown.status, unknown.text])
      const asPublic = await here.ask('/revoke', { body: { token, client_id: spa.id } })
      expect([asPublic.status, asPublic.text]).toEqual([200, ''])
    }
    expect(await isActive(there, web, tokens.access_token)).toBe(true)
    expect((await refresh(there, web, tokens.refresh_token)).status).toBe(200)
  })

  test.each(['x', '', 'a\0b', 'x'.repeat(5000), '__proto__'])(
    'the token is none (%#): 200, or 400 if it is missing (RV-02, RFC 7009 §2.2)',
    async (junk) => {
      const answer = await giveBack(here, web, junk)
      expect(answer.status).toBe(junk === '' ? 400 : 200)
    },
  )

  test('a signed-in session, that is: giving back a token does not sign anybody out (RV-01)', async () => {
    const tokens = await tokensFor(server, web, person, offline)
    await giveBack(here, web, tokens.refresh_token)
    const sessions = await server.database.prisma.session.count({
      where: { userId: person.id, revokedAt: null },
    })
    expect(sessions).toBeGreaterThan(0)
    const again = await tokens.agent.get('/logout')
    expect(again.text).toContain(person.email)
  })
})
