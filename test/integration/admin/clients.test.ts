import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { madeClient } from '../../support/access-rows.ts'
import { startAdmin } from '../../support/admin.ts'
import type { AdminAsk, AdminStage } from '../../support/admin.ts'
import type { Answer } from '../../support/http-client.ts'

let stage: AdminStage
let token: string
beforeAll(async () => {
  stage = await startAdmin()
  token = stage.token()
})
afterAll(() => stage.stop())

const web = { client_name: 'Shop', redirect_uris: ['https://shop.example/cb'] }
type Shown = { client_id: string; client_secret?: string; [field: string]: unknown }

const create = (json: object) => stage.ask('/v1/clients', { token, json })
const get = (id: string) => stage.ask(`/v1/clients/${id}`, { token })
const problemOf = (answer: Answer) => [answer.status, answer.json()['type']]
const problem = (status: number, name: string) => [status, `urn:cardea:problem:${name}`]

const made = (input: Parameters<typeof madeClient>[1] = {}) => madeClient(stage, input)

async function change(id: string, json: unknown, ask: AdminAsk = {}): Promise<Answer> {
  const etag = (await get(id)).headers.etag ?? ''
  return stage.ask(`/v1/clients/${id}`, {
    method: 'PATCH',
    token,
    headers: { 'if-match': etag },
    json,
    ...ask,
  })
}

async function remove(id: string, as = token): Promise<Answer> {
  const etag = (await get(id)).headers.etag ?? ''
  return stage.ask(`/v1/clients/${id}`, { method: 'DELETE', token: as, headers: { 'if-match': etag } })
}

const rowOf = (id: string) => stage.database.prisma.client.findUnique({ where: { id } })

/** A client's access token, of its own or of a user, as rows. */
async function give(clientId: string): Promise<void> {
  await stage.database.pool.query(
    `INSERT INTO tokens (digest, kind, client_id, payload, expires_at)
     VALUES (sha256($1::bytea), 'ClientCredentials', $2, '{}', now() + interval '1 hour')`,
    [randomUUID(), clientId],
  )
}

describe('registering a client', () => {
  test('takes RFC 7591 names and shows the secret this once (CA-09, AD-08)', async () => {
    const answer = await create({ ...web, backchannel_logout_uri: 'https://shop.example/out' })
    expect(answer.status).toBe(201)
    const { client_id: id, client_secret: secret = '', ...shown } = answer.json<Shown>()
    expect(secret).toMatch(/^[\w-]{43}$/)
    expect(answer.location).toBe(`/v1/clients/${id}`)
    expect(shown).toMatchObject({
      ...web,
      grant_types: ['authorization_code'],
      backchannel_logout_uri: 'https://shop.example/out',
      ...{ has_secret: true, built_in: false, first_party: false, status: 'active' },
    })
    const read = await get(id)
    expect(read.json()).toEqual({ client_id: id, ...shown })
    expect(read.headers.etag).toBe(answer.headers.etag)
    const stored = await stage.database.prisma.auditEvent.findMany({ where: { clientId: id } })
    expect(stored).toEqual([
      expect.objectContaining({ type: 'client.created', actorVia: 'admin_api', actorClientId: 'machine' }),
    ])
    const everything = [read.text, JSON.stringify(await rowOf(id)), stage.log.join('\n')].join('\n')
    expect(everything).not.toContain(secret)
  })

  test('under an id of its own choice, once (TO-05)', async () => {
    const id = `shop-${randomUUID().slice(0, 8)}`
    expect((await create({ ...web, client_id: id })).status).toBe(201)
    const again = await create({ ...web, client_id: id, client_name: 'Another' })
    expect(problemOf(again)).toEqual(problem(409, 'client_id_taken'))
    expect((await get(id)).json()).toMatchObject({ client_name: 'Shop' })
  })

  test("refuses the id of a user, and every id of that form: its tokens' sub would be theirs (TO-05)", async () => {
    const { id } = await stage.addUser()
    for (const client_id of [id, id.toUpperCase(), randomUUID()]) {
      const answer = await create({ ...web, client_id })
      expect(problemOf(answer)).toEqual(problem(422, 'invalid_content'))
      expect(answer.json()['errors']).toEqual([expect.objectContaining({ pointer: '/client_id' })])
      expect(await rowOf(client_id)).toBeNull()
    }
  })

  test.each([
    [
      'a redirect URI with a scheme that runs code',
      { redirect_uris: ['javascript:alert(1)'] },
      '/redirect_uris',
    ],
    [
      'plain http elsewhere than on loopback',
      { redirect_uris: ['http://shop.example/cb'] },
      '/redirect_uris',
    ],
    ['a wildcard', { redirect_uris: ['https://*.shop.example/cb'] }, '/redirect_uris'],
    ['keys fetched over plain http', { jwks_uri: 'http://shop.example/jwks' }, '/jwks_uri'],
    [
      'a logout address over plain http',
      { backchannel_logout_uri: 'http://shop.example/out' },
      '/backchannel_logout_uri',
    ],
    [
      'a logout address with a fragment',
      { backchannel_logout_uri: 'https://shop.example/out#x' },
      '/backchannel_logout_uri',
    ],
    [
      'a logout address with credentials',
      { backchannel_logout_uri: 'https://a:b@shop.example/out' },
      '/backchannel_logout_uri',
    ],
    ['a private key', { jwks: { keys: [{ kty: 'RSA', n: 'n', e: 'AQAB', d: 'private' }] } }, '/jwks'],
    [
      'client_credentials without authentication',
      { grant_types: ['authorization_code', 'client_credentials'], token_endpoint_auth_method: 'none' },
      '/grant_types',
    ],
    ['a name that cannot be shown', { client_name: 'a\tb' }, '/client_name'],
  ])('refuses %s (AZ-03, I1)', async (_, metadata, pointer) => {
    const before = await stage.database.prisma.client.count()
    const answer = await create({ ...web, ...metadata })
    expect(problemOf(answer)).toEqual(problem(422, 'invalid_content'))
    const [fault] = answer.json<{ errors: { pointer: string }[] }>().errors
    expect(fault?.pointer.startsWith(pointer)).toBe(true)
    expect(await stage.database.prisma.client.count()).toBe(before)
  })
})

describe('changing a client', () => {
  test('merges: what is left out stays, null takes a field away, and the audit names what changed', async () => {
    const id = await made({ metadata: { client_uri: 'https://rp.example/', default_max_age: 60 } })
    const answer = await change(id, { client_name: 'Other', client_uri: null })
    expect(answer.status).toBe(200)
    expect(answer.json()).toMatchObject({ client_name: 'Other', default_max_age: 60 })
    expect(answer.json()).not.toHaveProperty('client_uri')
    expect((await get(id)).headers.etag).toBe(answer.headers.etag)
    const event = await stage.database.prisma.auditEvent.findFirst({
      where: { clientId: id, type: 'client.updated' },
    })
    expect(event?.detail).toEqual({ changed: ['client_name', 'client_uri'] })
  })

  test('checks the result as a whole (RFC 7396)', async () => {
    const keys = { jwks_uri: 'https://rp.example/jwks', token_endpoint_auth_method: 'private_key_jwt' }
    const id = await made({ metadata: keys })
    const answer = await change(id, { jwks_uri: null })
    expect(answer.status).toBe(422)
    expect(answer.json()['errors']).toEqual([expect.objectContaining({ pointer: '/jwks' })])
    expect((await get(id)).json()).toMatchObject(keys)
  })

  test('gives a secret to a client that comes to need one, and takes it from one that does not any more (CA-09)', async () => {
    const id = await made({ metadata: { token_endpoint_auth_method: 'none' } })
    const confidential = await change(id, { token_endpoint_auth_method: 'client_secret_basic' })
    expect(confidential.json<Shown>().client_secret).toMatch(/^[\w-]{43}$/)
    const named = await change(id, { client_name: 'Named' })
    expect(named.json()).not.toHaveProperty('client_secret')
    expect((await change(id, { token_endpoint_auth_method: 'none' })).json()).toMatchObject({
      has_secret: false,
    })
    expect(await rowOf(id)).toMatchObject({ secretDigest: null, previousSecretDigest: null })
  })

  test('needs the state it was read in: without 428, with another 412, and changes nothing (AD-10)', async () => {
    const id = await made()
    const stale = (await get(id)).headers.etag ?? ''
    expect((await change(id, { client_name: 'First' })).status).toBe(200)
    for (const method of ['PATCH', 'DELETE']) {
      const json = method === 'PATCH' ? { client_name: 'Second' } : undefined
      const without = await stage.ask(`/v1/clients/${id}`, { method, token, json })
      expect(problemOf(without)).toEqual(problem(428, 'precondition_required'))
      const late = await stage.ask(`/v1/clients/${id}`, {
        method,
        token,
        json,
        headers: { 'if-match': stale },
      })
      expect(problemOf(late)).toEqual(problem(412, 'precondition_failed'))
    }
    expect((await get(id)).json()).toMatchObject({ client_name: 'First' })
  })

  test('by two at once in the same state succeeds for one (AD-10)', async () => {
    const id = await made()
    const etag = (await get(id)).headers.etag ?? ''
    const answers = await Promise.all(
      [1, 2, 3, 4].map((n) => change(id, { client_name: `Name ${n}` }, { headers: { 'if-match': etag } })),
    )
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412, 412, 412])
  })
})

describe('ending a client', () => {
  test('disabling it ends what it holds in the same transaction, and again is the same; enabling revives nothing (FT-31)', async () => {
    const id = await made()
    await give(id)
    const disable = () =>
      stage.ask(`/v1/clients/${id}/disable`, { token, json: { reason: 'its secret was published' } })
    const answer = await disable()
    expect(answer.json()).toMatchObject({
      client: { client_id: id, status: 'disabled' },
      revoked: { state: 'completed', counts: { access_tokens: 1 } },
    })
    const { revoked } = answer.json<{ revoked: { id: string } }>()
    const receipt = await stage.database.prisma.revocation.findUnique({ where: { id: revoked.id } })
    expect(receipt).toMatchObject({ reason: 'its secret was published', actor: { via: 'admin_api' } })
    expect((await disable()).json()).toMatchObject({ revoked: { counts: { access_tokens: 0 } } })
    const enabled = await stage.ask(`/v1/clients/${id}/enable`, { method: 'POST', token })
    expect(enabled.json()).toMatchObject({ status: 'active', disabled_at: null })
    expect(await stage.database.prisma.token.count({ where: { clientId: id } })).toBe(0)
    const types = (await stage.database.prisma.auditEvent.findMany({ where: { clientId: id } })).map(
      ({ type }) => type,
    )
    expect(types.filter((type) => type.startsWith('client.'))).toEqual([
      'client.created',
      'client.disabled',
      'client.enabled',
    ])
  })

  test('deleting it takes its tokens and the consents given to it along; again is 404', async () => {
    const id = await made()
    await give(id)
    const { id: userId } = await stage.addUser()
    await stage.database.prisma.consent.create({ data: { userId, clientId: id, decision: {} } })
    await stage.database.prisma.resourceServer.create({
      data: { identifier: `https://${id}.example/`, name: 'API', scopes: [], clientId: id },
    })
    const answer = await remove(id)
    expect([answer.status, answer.json()]).toMatchObject([200, { revoked: { counts: { access_tokens: 1 } } }])
    expect(await rowOf(id)).toBeNull()
    expect(await stage.database.prisma.token.count({ where: { clientId: id } })).toBe(0)
    expect(await stage.database.prisma.consent.count({ where: { clientId: id } })).toBe(0)
    expect(await stage.database.prisma.resourceServer.count({ where: { clientId: id } })).toBe(0)
    const again = await stage.ask(`/v1/clients/${id}`, {
      method: 'DELETE',
      token,
      headers: { 'if-match': '*' },
    })
    expect(problemOf(again)).toEqual(problem(404, 'not_found'))
  })

  test('whoever gets its id next gets none of what it held, however late its rows are cleared away (FT-31)', async () => {
    const id = await made({ id: `again-${randomUUID().slice(0, 8)}` })
    await remove(id)
    await give(id)
    await new Promise((resolve) => setTimeout(resolve, 5))
    await made({ id })
    const list = await stage.ask(`/v1/tokens?client_id=${id}`, { token })
    expect(list.json()).toEqual({ items: [], next_cursor: null })
  })
})

test('an id of something else is as unknown as any other (AD-03)', async () => {
  const { id: userId } = await stage.addUser()
  const bytes = async (path: string) => {
    const answer = await stage.ask(path, { token })
    return [answer.status, answer.text.replace(/urn:cardea:request:[^"]+/, '')]
  }
  const unknown = await bytes('/v1/clients/nobody')
  expect(unknown[0]).toBe(404)
  for (const id of [userId, 'tok_x', 'a%2Fb', '%F0%9F%92%A5', 'x'.repeat(300)])
    expect(await bytes(`/v1/clients/${id}`)).toEqual(unknown)
  for (const verb of ['secret', 'disable', 'enable'])
    expect((await stage.ask(`/v1/clients/${userId}/${verb}`, { method: 'POST', token })).status).toBe(404)
  const headers = { 'if-match': '*' }
  expect((await change(userId, { client_name: 'x' }, { headers })).status).toBe(404)
  expect((await stage.ask(`/v1/clients/${userId}`, { method: 'DELETE', token, headers })).status).toBe(404)
})
