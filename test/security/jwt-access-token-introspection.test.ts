import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { decodeJwt, SignJWT } from 'jose'
import { revoke } from '../../src/oidc/index.ts'
import type { Selector } from '../../src/oidc/index.ts'
import { keyPair } from '../support/assertion.ts'
import type { Answer } from '../support/http-client.ts'
import { addApi, addClient, addPerson, machineClient, publicClient } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { askToken, authorizeUrl, pkce, redeem, refresh, signIn } from '../support/sign-in.ts'
import type { Tokens } from '../support/sign-in.ts'
import { startTestServer } from '../support/server.ts'
import type { Instance, TestServer } from '../support/server.ts'
import { digestOf, giveBack, grantOf, introspect, userinfo } from '../support/tokens.ts'

type Client = Awaited<ReturnType<typeof addClient>>
const [API, OPAQUE_API] = ['https://api.example/', 'https://opaque.example/']
const INACTIVE = '{"active":false}'
let server: TestServer
let here: Instance, there: Instance
let web: Client, spa: Client, machine: Client, api: Client, stranger: Client
let person: Person
beforeAll(async () => {
  server = await startTestServer({ instances: 2 })
  ;[here, there] = server.instances as [Instance, Instance]
  web = await addClient(server)
  spa = await addClient(server, { metadata: publicClient })
  machine = await addClient(server, { metadata: machineClient })
  api = await addClient(server, { metadata: { ...machineClient, grant_types: [] } })
  stranger = await addClient(server, { metadata: machineClient })
  await addApi(server, { identifier: API, format: 'jwt', clientId: api.id })
  await addApi(server, { identifier: OPAQUE_API })
  person = await addPerson(server)
})
afterAll(() => server.stop())

async function personsTokens(client = web, scope = 'openid offline_access orders:read'): Promise<Tokens> {
  const signedIn = await signIn(server, client, person, { scope, resource: API, prompt: 'consent' })
  return (await redeem(server, client, signedIn, { resource: API })).json<Tokens>()
}

async function machinesToken(resource = API): Promise<string> {
  const form = { grant_type: 'client_credentials', resource, scope: 'orders:read' }
  return (await askToken(server, machine, form)).json<Tokens>().access_token
}

const end = (selector: Selector) =>
  server.database.transaction((tx) => revoke(tx, selector, { reason: 'test' }))

describe('introspection of a JWT access token tells', () => {
  test('its client and its API what it tells of an opaque one, and the jti (RFC 7662 §2.2)', async () => {
    const { access_token: token } = await personsTokens()
    const { jti, iat, exp, acr, amr, auth_time: authTime } = decodeJwt(token)
    expect(acr).toBe('urn:cardea:acr:mfa')
    for (const caller of [web, api])
      expect((await introspect(there, caller, token)).json()).toEqual({
        active: true,
        ...{ sub: person.id, client_id: web.id, aud: API, iss: server.issuer, scope: 'orders:read' },
        ...{ jti, iat, exp, token_type: 'Bearer' },
        ...{ acr, amr, auth_time: authTime },
      })
  })

  test('of a machine’s token the same as of its opaque one, to the name and the order (RFC 7662 §2.2)', async () => {
    const names = async (token: string) => Object.keys((await introspect(here, machine, token)).json())
    const [jwt, opaque] = [await names(await machinesToken()), await names(await machinesToken(OPAQUE_API))]
    expect(jwt.filter((name) => name !== 'jti')).toEqual(opaque)
  })

  test('everybody else nothing (RFC 7662 §4)', async () => {
    const { access_token: token } = await personsTokens()
    expect((await introspect(here, stranger, token)).text).toBe(INACTIVE)
    expect((await introspect(here, { ...web, secret: 'wrong' }, token)).status).toBe(401)
    const asPublic = { body: { token, client_id: spa.id } }
    expect((await here.ask('/introspect', asPublic)).status).toBe(401)
  })

  test.each<[string, (tokens: Tokens) => Promise<unknown>]>([
    ['the user’s access was revoked', () => end({ userId: person.id })],
    ['the client’s access was revoked', () => end({ clientId: web.id })],
    ['the grant was', async (tokens) => end({ grantId: await grantOf(server, tokens.refresh_token) })],
    ['the client gave it back', (tokens) => giveBack(here, web, tokens.access_token)],
    ['the client gave the refresh token back', (tokens) => giveBack(here, web, tokens.refresh_token)],
    ['its row is gone', async ({ access_token: token }) => forget(token)],
  ])('the API nothing once %s, on every instance at once (RV-04, RV-05)', async (_, act) => {
    const tokens = await personsTokens()
    expect((await introspect(there, api, tokens.access_token)).text).not.toBe(INACTIVE)
    await act(tokens)
    for (const instance of [there, here])
      expect((await introspect(instance, api, tokens.access_token)).text).toBe(INACTIVE)
  })

  test.each<[string, (grantId: string) => Promise<unknown>]>([
    ['grant has ended', (id) => setGrant('revoked_at = now()', id)],
    ['grant has expired', (id) => setGrant('expires_at = now()', id)],
    ['grant lies before a cut', (id) => setGrant("issued_at = '2020-01-01'", id, person.id)],
  ])('nothing once its %s, although the token itself was not marked (RV-05)', async (_, act) => {
    const tokens = await personsTokens()
    const { jti } = decodeJwt(tokens.access_token)
    await act(await grantOf(server, tokens.refresh_token))
    expect((await introspect(here, api, tokens.access_token)).text).toBe(INACTIVE)
    const where = { digest: new Uint8Array(digestOf(jti ?? '')), revokedAt: null }
    expect(await server.database.prisma.token.count({ where })).toBe(1)
  })

  test('nothing once the sign-in it is bound to has ended (SE-07)', async () => {
    const signedIn = await signIn(server, web, person, { scope: 'openid orders:read', resource: API })
    const { access_token: token } = (await redeem(server, web, signedIn, { resource: API })).json<Tokens>()
    expect((await introspect(here, api, token)).text).not.toBe(INACTIVE)
    const { payload } = await server.database.prisma.token.findFirstOrThrow({
      where: { kind: 'JwtAccessToken', userId: person.id },
      orderBy: { issuedAt: 'desc' },
    })
    const { sessionUid } = payload as { sessionUid: string }
    await server.database.prisma.session.update({
      where: { uid: sessionUid },
      data: { revokedAt: new Date() },
    })
    expect((await introspect(here, api, token)).text).toBe(INACTIVE)
  })

  test('nothing for a disabled user, a disabled client, or when it has expired (RV-05)', async () => {
    const { prisma } = server.database
    const { access_token: token } = await personsTokens()
    const active = async () => (await introspect(here, api, token)).text !== INACTIVE
    for (const set of [
      (disabledAt: Date | null) => prisma.user.update({ where: { id: person.id }, data: { disabledAt } }),
      (disabledAt: Date | null) => prisma.client.update({ where: { id: web.id }, data: { disabledAt } }),
    ]) {
      await set(new Date())
      expect(await active()).toBe(false)
      await set(null)
      expect(await active()).toBe(true)
    }
    await prisma.token.updateMany({ where: { kind: 'JwtAccessToken' }, data: { expiresAt: new Date() } })
    expect(await active()).toBe(false)
  })
})

describe('what only looks like a JWT access token of ours', () => {
  const signed = async (claims: Record<string, unknown>, typ = 'at+jwt') =>
    new SignJWT(claims)
      .setProtectedHeader({ alg: 'ES256', typ })
      .setIssuer(server.issuer)
      .setAudience(API)
      .setExpirationTime('5m')
      .sign((await keyPair('ES256')).privateKey)

  test('is inactive and ends nothing, even with the jti of one (RFC 7662 §2.2, RFC 7009 §2.2)', async () => {
    const tokens = await personsTokens()
    const real = tokens.access_token
    const claims = decodeJwt(real)
    const [header = '', body = '', signature = ''] = real.split('.')
    const none = Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url')
    const fakes = {
      'signed by somebody': await signed(claims),
      'not signed': `${none}.${body}.`,
      'with other claims': `${header}.${Buffer.from(JSON.stringify({ ...claims, scope: 'x' })).toString('base64url')}.${signature}`,
      'cut short': real.slice(0, -2),
      'with a tail': `${real}A`,
      'an ID token': tokens.id_token,
      'without a jti': await signed({}),
      'with a jti that is no text': await signed({ jti: { a: 1 } }),
      'with NUL in its jti': await signed({ jti: '\0' }),
      'in five parts': `${header}.${body}.${signature}.${body}.${signature}`,
      'a header and nothing': `${header}.x.y`,
      'the jti': claims.jti ?? '',
    }
    for (const [name, token] of Object.entries(fakes)) {
      const [seen, given] = [await introspect(here, web, token), await giveBack(here, web, token)]
      expect([name, seen.status, seen.text, given.status, given.text]).toEqual([name, 200, INACTIVE, 200, ''])
    }
    expect((await introspect(there, api, real)).text).not.toBe(INACTIVE)
  })

  test('is answered like an unknown opaque one, to the last header (RFC 7009 §2.2)', async () => {
    const shape = ({ status, text, headers }: Answer) => ({
      status,
      text,
      ...headers,
      date: '',
      'x-request-id': '',
    })
    for (const ask of [introspect, giveBack])
      expect(shape(await ask(here, web, await signed({})))).toEqual(
        shape(await ask(here, web, 'x'.repeat(43))),
      )
  })

  test('is refused by its jti at every door (TO-03, TO-06)', async () => {
    const { jti = '' } = decodeJwt((await personsTokens()).access_token)
    expect((await userinfo(here, jti)).status).toBe(401)
    expect((await refresh(server, web, jti)).status).toBe(400)
    expect((await redeem(server, web, { code: jti, verifier: 'x'.repeat(43) })).status).toBe(400)
  })
})

describe('a client that gives back', () => {
  test('a user’s JWT takes back everything under its grant, and the next is another grant’s (RV-01, RV-04, RFC 7009 §2.1)', async () => {
    const [tokens, others] = [await personsTokens(), await personsTokens()]
    const opaque = (await refresh(server, web, tokens.refresh_token, { scope: 'openid' })).json<Tokens>()
    expect((await giveBack(here, web, tokens.access_token)).status).toBe(200)
    expect((await introspect(there, api, tokens.access_token)).text).toBe(INACTIVE)
    expect((await userinfo(there, opaque.access_token)).status).toBe(401)
    expect((await refresh(server, web, tokens.refresh_token)).status).toBe(400)
    expect((await introspect(there, api, others.access_token)).text).not.toBe(INACTIVE)
  })

  test('an opaque token takes back the JWTs of its grant (RV-04)', async () => {
    const tokens = await personsTokens()
    const opaque = (await refresh(server, web, tokens.refresh_token, { scope: 'openid' })).json<Tokens>()
    expect((await userinfo(there, opaque.access_token)).status).toBe(200)
    await giveBack(here, web, opaque.access_token)
    expect((await introspect(there, api, tokens.access_token)).text).toBe(INACTIVE)
  })

  test('its own JWT takes back that one, and may say so twice (RV-01, RV-02)', async () => {
    const [one, other] = [await machinesToken(), await machinesToken()]
    for (let round = 0; round < 2; round += 1) expect((await giveBack(here, machine, one)).status).toBe(200)
    expect((await introspect(there, machine, one)).text).toBe(INACTIVE)
    expect((await introspect(there, machine, other)).text).not.toBe(INACTIVE)
  })

  test('a JWT as a public client, which has no secret to show (RV-01)', async () => {
    const { access_token: token } = await personsTokens(spa)
    const answer = await here.ask('/revoke', { body: { token, client_id: spa.id } })
    expect([answer.status, answer.text]).toEqual([200, ''])
    expect((await introspect(there, api, token)).text).toBe(INACTIVE)
  })

  test('another client’s JWT hears what it would of no token, and takes nothing (RV-01, RFC 7009 §2.2)', async () => {
    const { access_token: token } = await personsTokens()
    const answer = await giveBack(here, stranger, token)
    expect([answer.status, answer.text]).toEqual([200, ''])
    expect((await giveBack(here, { ...web, secret: 'wrong' }, token)).status).toBe(401)
    expect((await introspect(there, api, token)).text).not.toBe(INACTIVE)
  })

  test('a JWT does not end the sign-in: the next silent request gets a code (RV-01)', async () => {
    const { agent, ...signedIn } = await signIn(server, web, person, {
      scope: 'openid orders:read',
      resource: API,
    })
    const { access_token: token } = (await redeem(server, web, signedIn, { resource: API })).json<Tokens>()
    await giveBack(here, web, token)
    const again = await agent.get(authorizeUrl(web, pkce().challenge, { prompt: 'none' }))
    expect(again.location).toContain('code=')
  })
})

async function setGrant(change: string, id: string, userId?: string): Promise<void> {
  const { pool } = server.database
  await pool.query(`UPDATE grants SET ${change} WHERE id = $1`, [id])
  if (userId !== undefined)
    await pool.query(
      "UPDATE users SET tokens_not_before = COALESCE(tokens_not_before, '2021-01-01') WHERE id = $1",
      [userId],
    )
}

async function forget(token: string): Promise<void> {
  const { exp = 0 } = decodeJwt(token)
  await server.database.prisma.token.deleteMany({
    where: { kind: 'JwtAccessToken', expiresAt: new Date(exp * 1000) },
  })
}
