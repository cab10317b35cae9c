import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { ADMIN_API, ensureBuiltIn } from '../../../src/clients/index.ts'
import { madeClient } from '../../support/access-rows.ts'
import { startAdmin } from '../../support/admin.ts'
import type { AdminStage } from '../../support/admin.ts'
import type { Answer } from '../../support/http-client.ts'

let stage: AdminStage
let token: string
beforeAll(async () => {
  stage = await startAdmin()
  token = stage.token()
  await ensureBuiltIn(stage.database.prisma, { issuer: 'https://id.example' })
})
afterAll(() => stage.stop())

const scopes = [{ name: 'orders:read', description: 'See your orders', optional: true }]
const pathOf = (identifier: string) => `/v1/resource-servers/${encodeURIComponent(identifier)}`
const newIdentifier = () =>
  `https://api-${randomUUID().slice(0, 8)}.example/v1?tenant=a b`.replace(' ', '%20')
const create = (json: object) => stage.ask('/v1/resource-servers', { token, json })
const get = (identifier: string) => stage.ask(pathOf(identifier), { token })
const problemOf = (answer: Answer) => [answer.status, answer.json()['type']]
const problem = (status: number, name: string) => [status, `urn:cardea:problem:${name}`]

async function made(input: object = {}): Promise<string> {
  const identifier = newIdentifier()
  expect((await create({ identifier, name: 'API', scopes, ...input })).status).toBe(201)
  return identifier
}

async function ask(method: 'PATCH' | 'DELETE', identifier: string, json?: object): Promise<Answer> {
  const etag = (await get(identifier)).headers.etag ?? ''
  return stage.ask(pathOf(identifier), { method, token, json, headers: { 'if-match': etag } })
}

const eventsOf = async (identifier: string) =>
  (
    await stage.database.prisma.auditEvent.findMany({
      where: { type: { startsWith: 'resource_server.' } },
      orderBy: { id: 'asc' },
    })
  )
    .filter(({ detail }) => (detail as { identifier: string }).identifier === identifier)
    .map(({ type, detail }) => ({ type, detail }))

describe('a resource server', () => {
  test('is found by its identifier, percent-encoded in the path; each change is recorded', async () => {
    const identifier = newIdentifier()
    const created = await create({ identifier, name: 'Shop', scopes })
    expect(created.location).toBe(pathOf(identifier))
    expect(created.json()).toMatchObject({
      ...{ identifier, name: 'Shop', scopes, client_id: null, built_in: false },
      ...{ access_token_format: 'opaque', access_token_ttl: 600 },
    })
    const read = await get(identifier)
    expect([read.json(), read.headers.etag]).toEqual([created.json(), created.headers.etag])
    const changed = await ask('PATCH', identifier, { name: 'Store', access_token_format: 'jwt' })
    expect(changed.json()).toMatchObject({ name: 'Store', access_token_format: 'jwt', scopes })
    expect((await ask('DELETE', identifier)).status).toBe(204)
    expect((await get(identifier)).status).toBe(404)
    expect(await eventsOf(identifier)).toEqual([
      { type: 'resource_server.created', detail: { identifier } },
      { type: 'resource_server.updated', detail: { identifier, changed: ['name', 'access_token_format'] } },
      { type: 'resource_server.deleted', detail: { identifier } },
    ])
  })

  test('has an identifier of its own, and an introspection client of its own', async () => {
    const clientId = await madeClient(stage, { metadata: { redirect_uris: [], grant_types: [] } })
    const identifier = await made({ client_id: clientId })
    expect(problemOf(await create({ identifier, name: 'Twice' }))).toEqual(problem(409, 'identifier_taken'))
    const other = { identifier: newIdentifier(), name: 'Other', client_id: clientId }
    expect(problemOf(await create(other))).toEqual(problem(409, 'introspection_client_taken'))
    const unowned = await made()
    const taken = await ask('PATCH', unowned, { client_id: clientId })
    expect(problemOf(taken)).toEqual(problem(409, 'introspection_client_taken'))
    const nobody = await ask('PATCH', unowned, { client_id: 'nobody' })
    expect(nobody.json()['errors']).toEqual([expect.objectContaining({ pointer: '/client_id' })])
    expect((await ask('PATCH', identifier, { client_id: null })).json()).toMatchObject({ client_id: null })
    expect((await ask('PATCH', unowned, { client_id: clientId })).status).toBe(200)
  })

  test.each([
    'api.example',
    'ftp://api.example/',
    'https://api.example/#x',
    'javascript:alert(1)',
    'urn:cardea:api:other',
    'https://api.example/ä',
  ])('cannot be called %s (RFC 8707 §2)', async (identifier) => {
    const answer = await create({ identifier, name: 'API' })
    expect(problemOf(answer)).toEqual(problem(422, 'invalid_content'))
    expect(answer.json()['errors']).toEqual([expect.objectContaining({ pointer: '/identifier' })])
  })

  test('cannot name a scope twice', async () => {
    const answer = await create({ identifier: newIdentifier(), name: 'API', scopes: [...scopes, ...scopes] })
    expect(answer.json()['errors']).toEqual([expect.objectContaining({ pointer: '/scopes' })])
  })

  test('needs the state it was read in (AD-10)', async () => {
    const identifier = await made()
    const stale = (await get(identifier)).headers.etag ?? ''
    await ask('PATCH', identifier, { name: 'New' })
    for (const method of ['PATCH', 'DELETE']) {
      const json = method === 'PATCH' ? { name: 'Late' } : undefined
      expect((await stage.ask(pathOf(identifier), { method, token, json })).status).toBe(428)
      const late = await stage.ask(pathOf(identifier), {
        method,
        token,
        json,
        headers: { 'if-match': stale },
      })
      expect(late.status).toBe(412)
    }
    expect((await get(identifier)).json()).toMatchObject({ name: 'New' })
  })

  test('that is the admin API itself stays as it is (AD-05, AD-04)', async () => {
    const before = (await get(ADMIN_API)).text
    expect(JSON.parse(before)).toMatchObject({ built_in: true })
    const patch = { scopes: [{ name: 'everything', description: 'All', optional: false }] }
    expect(problemOf(await ask('PATCH', ADMIN_API, patch))).toEqual(problem(409, 'built_in'))
    expect(problemOf(await ask('DELETE', ADMIN_API))).toEqual(problem(409, 'built_in'))
    expect((await get(ADMIN_API)).text).toBe(before)
  })
})

describe('JWT access tokens', () => {
  const long = { access_token_format: 'jwt', access_token_ttl: 3600 }

  test('live at most ten minutes unless it is said in so many words (RV-05)', async () => {
    const refused = await create({ identifier: newIdentifier(), name: 'API', ...long })
    expect(refused.json()['errors']).toEqual([expect.objectContaining({ pointer: '/access_token_ttl' })])
    const identifier = await made({ ...long, allow_long_lived: true })
    expect((await get(identifier)).json()).toMatchObject(long)
  })

  test('are not made long by changing one half after the other (RV-05)', async () => {
    const identifier = await made({ access_token_ttl: 3600 })
    expect((await ask('PATCH', identifier, { access_token_format: 'jwt' })).status).toBe(422)
    const jwt = await made({ access_token_format: 'jwt' })
    expect((await ask('PATCH', jwt, { access_token_ttl: 601 })).status).toBe(422)
    expect((await ask('PATCH', jwt, { access_token_ttl: 601, allow_long_lived: true })).status).toBe(200)
  })

  test('that were allowed to be long stay so through other changes, and become no longer (RV-05)', async () => {
    const identifier = await made({ ...long, access_token_ttl: 1200, allow_long_lived: true })
    expect((await ask('PATCH', identifier, { name: 'Renamed' })).json()).toMatchObject({
      access_token_ttl: 1200,
    })
    expect((await ask('PATCH', identifier, { access_token_ttl: 900 })).status).toBe(200)
    expect((await ask('PATCH', identifier, { access_token_ttl: 901 })).status).toBe(422)
  })
})

test('an identifier of nothing is not found (AD-03)', async () => {
  for (const id of ['https://nobody.example/', 'x', '../users', "'; --", 'cardea-cli'])
    expect((await get(id)).status).toBe(404)
  const headers = { 'if-match': '*' }
  for (const [method, json] of [['PATCH', { name: 'x' }], ['DELETE']] as const)
    expect(
      (await stage.ask(pathOf('https://nobody.example/'), { method, token, json, headers })).status,
    ).toBe(404)
})
