import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { oidcSweeps } from '../../src/oidc/index.ts'
import { addAssertionClient, askWith, goodClaims, keyPair, signAssertion } from '../support/assertion.ts'
import type { AssertionClient } from '../support/assertion.ts'
import type { Answer } from '../support/http-client.ts'
import { addApi } from '../support/people.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { atOnce } from '../support/tokens.ts'
import { sweepOnce } from '../support/sweep.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer({ instances: 2 })
  await addApi(server)
})
afterAll(() => server.stop())

const now = () => Math.floor(Date.now() / 1000)
const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
const refused = { error: 'invalid_client', error_description: 'client authentication failed' }

function expectRefused(answer: Answer): void {
  expect([answer.status, answer.json()]).toEqual([401, refused])
}

describe('an assertion', () => {
  test.each(['RS256', 'ES256', 'EdDSA'])(
    'signed %s by the client is its authentication (CA-06, RFC 7523 §3)',
    async (alg) => {
      const client = await addAssertionClient(server, { key: await keyPair(alg) })
      const form = { resource: 'https://api.example/', scope: 'orders:read' }
      const answer = await askWith(server, await signAssertion(server, client), form)
      expect([answer.status, answer.json()['scope']]).toEqual([200, 'orders:read'])
    },
  )

  test('works at every endpoint that asks for a client (CA-06)', async () => {
    const client = await addAssertionClient(server)
    const { access_token: token } = (await askWith(server, await signAssertion(server, client))).json<{
      access_token: string
    }>()
    const assertion = async () => ({
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: await signAssertion(server, client),
      token,
    })
    expect((await server.ask('/introspect', { body: await assertion() })).json()).toMatchObject({
      active: true,
    })
    expect((await server.ask('/revoke', { body: await assertion() })).status).toBe(200)
    expect((await server.ask('/introspect', { body: await assertion() })).json()).toEqual({ active: false })
  })

  test.each<[string, (client: AssertionClient) => Record<string, unknown>]>([
    ['no exp', () => ({ exp: undefined })],
    ['an exp that passed', () => ({ iat: now() - 120, exp: now() - 60 })],
    ['an exp in six minutes', () => ({ exp: now() + 360 })],
    ['an exp in a year', () => ({ exp: now() + 31_536_000 })],
    ['an exp that is text', () => ({ exp: String(now() + 60) })],
    ['an nbf in the future', () => ({ nbf: now() + 60 })],
    ['no jti', () => ({ jti: undefined })],
    ['an empty jti', () => ({ jti: '' })],
    ['no iss', () => ({ iss: undefined })],
    ['another iss', () => ({ iss: 'someone-else' })],
    ['no sub', () => ({ sub: undefined })],
    ['no aud', () => ({ aud: undefined })],
  ])('with %s is refused (CA-06, RFC 7523 §3)', async (_, claims) => {
    const client = await addAssertionClient(server)
    const answer = await askWith(server, await signAssertion(server, client, claims(client)))
    expectRefused(answer)
    expect((await askWith(server, await signAssertion(server, client))).status).toBe(200)
  })

  test('signed by another key is refused, though that key names itself in the header (CA-06, KY-02, RFC 8725 §3.10)', async () => {
    const client = await addAssertionClient(server)
    const thief = await keyPair()
    for (const header of [
      {},
      { jwk: thief.publicJwk },
      { jku: 'http://127.0.0.1:9/jwks' },
      { x5u: 'http://127.0.0.1:9/cert' },
      { kid: '../../../../dev/null' },
      { kid: "key-1' OR '1'='1" },
      { kid: '' },
      { kid: undefined },
    ]) {
      expectRefused(
        await askWith(server, await signAssertion(server, client, {}, header as never, thief.privateKey)),
      )
    }
  })

  test.each(['none', 'None', 'NONE', 'nOnE', ''])(
    'with alg "%s" is refused, with and without a signature (CA-06, KY-02, RFC 8725 §3.2)',
    async (alg) => {
      const client = await addAssertionClient(server)
      const [header, payload] = [encode({ alg, kid: 'key-1' }), encode(goodClaims(server, client))]
      const signature = (await signAssertion(server, client)).split('.')[2] ?? ''
      for (const jwt of [`${header}.${payload}.`, `${header}.${payload}.${signature}`])
        expectRefused(await askWith(server, jwt))
    },
  )

  test.each(['HS256', 'HS384', 'HS512'])(
    'signed %s with what everybody knows as the key is refused (CA-06, KY-02, RFC 8725 §2.1)',
    async (alg) => {
      const client = await addAssertionClient(server, { key: await keyPair('RS256') })
      const { publicJwk } = client.key
      const pem = JSON.stringify(publicJwk)
      const { secretDigest } = await server.database.prisma.client.findUniqueOrThrow({
        where: { id: client.id },
      })
      expect(secretDigest).toBeNull()
      for (const secret of [pem, publicJwk.n ?? '', '', 'undefined', 'null', client.id]) {
        const input = `${encode({ alg, kid: 'key-1' })}.${encode(goodClaims(server, client))}`
        const mac = createHmac(`sha${alg.slice(2)}`, secret)
          .update(input)
          .digest('base64url')
        expectRefused(await askWith(server, `${input}.${mac}`))
      }
    },
  )

  test('in an algorithm the client did not register is refused, though the key could make it (CA-06, RFC 8725 §3.1)', async () => {
    const key = await keyPair('RS256')
    const { alg: _alg, ...bare } = key.publicJwk
    const client = await addAssertionClient(server, {
      key: { ...key, publicJwk: bare },
      token_endpoint_auth_signing_alg: 'ES256',
    })
    expectRefused(await askWith(server, await signAssertion(server, client)))
    expectRefused(
      await askWith(
        server,
        await signAssertion(server, client, {}, { alg: 'PS256' }, (await keyPair('PS256')).privateKey),
      ),
    )
  })

  test('that was touched is refused (CA-06, TO-06)', async () => {
    const client = await addAssertionClient(server)
    const good = await signAssertion(server, client)
    const [header = '', payload = '', signature = ''] = good.split('.')
    const claims = { ...goodClaims(server, client), scope: 'root' }
    for (const jwt of [
      `${header}.${encode(claims)}.${signature}`,
      `${header}.${payload}.${signature.slice(0, -2)}`,
      `${header}.${payload}.`,
      `${header}.${payload}.${signature}A`,
    ])
      expectRefused(await askWith(server, jwt))
    expect((await askWith(server, good)).status).toBe(200)
  })

  test.each([
    '',
    'x',
    'a.b.c',
    '..',
    `${encode({ alg: 'ES256' })}.${encode([])}.x`,
    `${encode({ alg: 'ES256' })}.bnVsbA.x`,
  ])('that is no JWT ("%s") is refused without an error of ours (CA-06, HT-06)', async (jwt) => {
    const client = await addAssertionClient(server)
    const answer = await askWith(server, jwt, { client_id: client.id })
    expect([400, 401]).toContain(answer.status)
    expect(answer.text).not.toContain('access_token')
  })

  test('of one client is not the authentication of another (CA-06)', async () => {
    const [one, other] = [await addAssertionClient(server), await addAssertionClient(server)]
    const answer = await askWith(server, await signAssertion(server, one), { client_id: other.id })
    expect([answer.status, answer.json()['error']]).toEqual([400, 'invalid_request'])
    expectRefused(await askWith(server, await signAssertion(server, { ...one, id: other.id })))
  })

  test('with a wrong assertion type is refused (CA-06, RFC 7521 §4.2)', async () => {
    const client = await addAssertionClient(server)
    const type = 'urn:ietf:params:oauth:client-assertion-type:saml2-bearer'
    const answer = await askWith(server, await signAssertion(server, client), { client_assertion_type: type })
    expect([answer.status, answer.json()['error']]).toEqual([400, 'invalid_request'])
  })
})

describe('one assertion', () => {
  test('used 20 times at one moment at two instances authenticates once, every time (CA-07, RFC 7523 §3, CVE-2020-15222)', async () => {
    for (let round = 0; round < 5; round += 1) {
      const client = await addAssertionClient(server)
      const assertion = await signAssertion(server, client)
      const answers = await atOnce(server, 20, (instance) => askWith(instance, assertion))
      const statuses = answers.map(({ status }) => status).toSorted()
      expect(statuses).toEqual([200, ...Array<number>(19).fill(401)])
      const token = answers
        .find(({ status }) => status === 200)
        ?.json<{ access_token: string }>().access_token
      expect(token).toBeDefined()
    }
  })

  test('is used up also by a request that was refused for another reason, and at every endpoint (CA-07)', async () => {
    const client = await addAssertionClient(server)
    const assertion = await signAssertion(server, client)
    expect((await askWith(server, assertion, { scope: 'root' })).status).toBe(400)
    expectRefused(await askWith(server, assertion))
    const body = {
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: assertion,
      token: 'x',
    }
    expect((await server.ask('/introspect', { body })).status).toBe(401)
  })

  test('is remembered until its own end, whatever is swept up meanwhile (CA-07)', async () => {
    const client = await addAssertionClient(server)
    const assertion = await signAssertion(server, client, { exp: now() + 290 })
    expect((await askWith(server, assertion)).status).toBe(200)
    await sweepOnce(server.database.prisma, oidcSweeps)
    expectRefused(await askWith(server, assertion))
  })

  test('shares its jti with an assertion of another client, and both are good (CA-07)', async () => {
    const [one, other] = [await addAssertionClient(server), await addAssertionClient(server)]
    for (const client of [one, other])
      expect((await askWith(server, await signAssertion(server, client, { jti: 'same' }))).status).toBe(200)
  })

  test('with a jti used before is refused, whatever else is new in it (CA-07)', async () => {
    const client = await addAssertionClient(server)
    expect((await askWith(server, await signAssertion(server, client, { jti: 'once' }))).status).toBe(200)
    expectRefused(
      await askWith(server, await signAssertion(server, client, { jti: 'once', exp: now() + 200 })),
    )
  })

  test('and whose time is over by the database’s clock only is refused by an instance that is behind (CA-07, FT-15)', async () => {
    const client = await addAssertionClient(server)
    const assertion = await signAssertion(server, client, { jti: 'late' })
    expect((await askWith(server, assertion)).status).toBe(200)
    await server.database.pool.query("UPDATE replay_guards SET expires_at = now() - interval '10 minutes'")
    await sweepOnce(server.database.prisma, oidcSweeps)
    expectRefused(await askWith(server, assertion))
  })
})
