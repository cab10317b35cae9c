import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { addAssertionClient, keyPair, signAssertion } from '../support/assertion.ts'
import type { AssertionClient } from '../support/assertion.ts'
import { GLOBAL_REVOCATION, startRevocationStage } from '../support/global-revocation.ts'
import { bearer } from '../support/http-client.ts'
import type { TestServer } from '../support/server.ts'

const json = { 'content-type': 'application/json' }
let stage: Awaited<ReturnType<typeof startRevocationStage>>
let server: TestServer
// Said once by the engine, of a runtime as jest builds it.
jest.spyOn(console, 'warn').mockImplementation(() => undefined)

beforeAll(async () => {
  stage = await startRevocationStage()
  ;({ server } = stage)
})
afterAll(() => server.stop())
beforeEach(() => stage.ready())

describe('a caller that signs (draft §3.5)', () => {
  let idp: AssertionClient
  beforeAll(async () => {
    idp = await addAssertionClient(server, { scope: 'global:revoke' })
  })
  const endpoint = () => `${server.issuer}${GLOBAL_REVOCATION}`
  const signed = (
    claims: Record<string, unknown> = {},
    header = {},
    key?: Parameters<typeof signAssertion>[4],
  ) => signAssertion(server, idp, { aud: endpoint(), ...claims }, header, key)

  test.each(['ES256', 'RS256', 'EdDSA'])('with %s is heard, once', async (alg) => {
    const client = await addAssertionClient(server, { key: await keyPair(alg), scope: 'global:revoke' })
    const jwt = await signAssertion(server, client, { aud: endpoint() })
    expect((await stage.ask(stage.byId(), {}, bearer(jwt))).status).toBe(204)
    expect(await stage.stillIn()).toBe(false)
    expect((await stage.ask(stage.byId(), {}, bearer(jwt))).status).toBe(401)
    const [event] = await stage.events('access.revoked')
    expect(event).toMatchObject({ actorVia: 'security_tool', actorClientId: client.id, actorToken: null })
  })

  test('says the same twenty times at once and is heard once, on two instances', async () => {
    const jwt = await signed()
    const headers = { ...json, ...bearer(jwt) }
    const asks = Array.from({ length: 10 }, () => server.instances).flat()
    const answers = await Promise.all(
      asks.map((instance) =>
        instance.ask(GLOBAL_REVOCATION, { method: 'POST', body: JSON.stringify(stage.byId()), headers }),
      ),
    )
    const statuses = answers.map(({ status }) => status)
    expect(statuses.filter((status) => status === 204)).toHaveLength(1)
    expect(statuses.filter((status) => status === 401)).toHaveLength(19)
  })

  const soon = (seconds: number) => Math.floor(Date.now() / 1000) + seconds
  test.each<[string, () => Record<string, unknown>]>([
    ['for the issuer, as a client assertion is', () => ({ aud: server.issuer })],
    ['for the token endpoint', () => ({ aud: `${server.issuer}/token` })],
    ['for the endpoint with a query', () => ({ aud: `${endpoint()}?x` })],
    ['for the endpoint among others', () => ({ aud: [endpoint(), server.issuer] })],
    ['for nobody', () => ({ aud: undefined })],
    ['that has ended', () => ({ exp: soon(-10) })],
    ['that lives for an hour', () => ({ exp: soon(3600) })],
    ['without an end', () => ({ exp: undefined })],
    ['without a beginning', () => ({ iat: undefined })],
    ['from the future', () => ({ iat: soon(60) })],
    ['not valid yet', () => ({ nbf: soon(60) })],
    ['without jti', () => ({ jti: undefined })],
    ['whose jti is no text', () => ({ jti: 7 })],
    ['in the name of another client', () => ({ iss: stage.tool.id, sub: stage.tool.id })],
    ['with another subject', () => ({ sub: stage.tool.id })],
    ['of an unknown issuer', () => ({ iss: 'https://idp.example', sub: 'https://idp.example' })],
    ['whose issuer is NUL', () => ({ iss: '\u0000', sub: '\u0000' })],
  ])('something %s is not heard', async (_what, claims) => {
    const answer = await stage.ask(stage.byId(), {}, bearer(await signed(claims())))
    expect([answer.status, await stage.stillIn()]).toEqual([401, true])
  })

  test('with another key, without a signature, or with a secret is not heard', async () => {
    const { privateKey } = await keyPair()
    const [, payload = ''] = (await signed()).split('.')
    const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.`
    const hmac = await signed(
      {},
      { alg: 'HS256' },
      new TextEncoder().encode(JSON.stringify(idp.key.publicJwk)),
    )
    for (const jwt of [await signed({}, {}, privateKey), none, hmac, `${none}AAAA`, 'a.b.c'])
      expect((await stage.ask(stage.byId(), {}, bearer(jwt))).status).toBe(401)
    expect(await stage.stillIn()).toBe(true)
  })

  test('and publishes its keys elsewhere is heard, and so long as they are remembered', async () => {
    const published = await startPublisher()
    const [old, fresh] = [await keyPair('ES256', 'old'), await keyPair('ES256', 'fresh')]
    published.keys = [old.publicJwk]
    const client = await addAssertionClient(server, {
      key: old,
      jwks_uri: published.url,
      scope: 'global:revoke',
    })
    const jwt = (kid: string, key: typeof old) =>
      signAssertion(server, client, { aud: endpoint() }, { kid }, key.privateKey)
    expect((await stage.ask(stage.byId(), {}, bearer(await jwt('old', old)))).status).toBe(204)
    expect((await stage.ask(stage.byId(), {}, bearer(await jwt('fresh', fresh)))).status).toBe(401)
    await published.stop()
    expect((await stage.ask(stage.byId(), {}, bearer(await jwt('old', old)))).status).toBe(204)
  })

  test('without the scope is refused, and so is a client that proves itself with a secret', async () => {
    const client = await addAssertionClient(server, { scope: 'users:read' })
    const jwt = await signAssertion(server, client, { aud: endpoint() })
    expect((await stage.ask(stage.byId(), {}, bearer(jwt))).status).toBe(403)
    const { pool } = server.database
    await pool.query(
      `UPDATE clients SET metadata = metadata || '{"token_endpoint_auth_method":"client_secret_basic","scope":"global:revoke"}', secret_digest = 'x' WHERE id = $1`,
      [client.id],
    )
    const other = await signAssertion(server, client, { aud: endpoint() })
    expect((await stage.ask(stage.byId(), {}, bearer(other))).status).toBe(401)
    expect(await stage.stillIn()).toBe(true)
  })
})

async function startPublisher() {
  const publisher = createServer((_req, res) => {
    res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ keys: published.keys }))
  })
  await new Promise<void>((resolve) => publisher.listen(0, '127.0.0.1', resolve))
  const published = {
    keys: [] as object[],
    url: `http://127.0.0.1:${(publisher.address() as AddressInfo).port}/jwks`,
    async stop() {
      publisher.closeAllConnections()
      await new Promise((resolve) => publisher.close(resolve))
    },
  }
  return published
}
