import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { ensureBuiltIn, findClient } from '../../../src/clients/index.ts'
import type { AdminScope } from '../../../src/clients/index.ts'
import { madeClient } from '../../support/access-rows.ts'
import { startAdmin } from '../../support/admin.ts'
import type { AdminAsk, AdminStage } from '../../support/admin.ts'
import type { Answer } from '../../support/http-client.ts'

let stage: AdminStage
let token: string
beforeAll(async () => {
  stage = await startAdmin()
  token = stage.token()
  await ensureBuiltIn(stage.database.prisma, { issuer: 'https://id.example' })
})
afterAll(() => stage.stop())

const web = { client_name: 'Shop', redirect_uris: ['https://shop.example/cb'] }

const create = (json: object, as = token) => stage.ask('/v1/clients', { token: as, json })
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

describe('reaching beyond oneself', () => {
  const scoped = (...scopes: AdminScope[]) => ({
    redirect_uris: [],
    grant_types: ['client_credentials'],
    scope: ['orders:read', ...scopes].join(' '),
  })
  const lesser = (...scopes: AdminScope[]) =>
    stage.token({ scopes: ['clients:read', 'clients:write', ...scopes] })

  test('no client gets a scope of this API from somebody who may not hand out power (AD-04)', async () => {
    const before = await stage.database.prisma.client.count()
    const answer = await create({ client_name: 'x', ...scoped('users:read') }, lesser('users:read'))
    expect(problemOf(answer)).toEqual(problem(403, 'insufficient_scope'))
    expect(answer.headers['www-authenticate']).toContain('scope="admin:grant"')
    expect(await stage.database.prisma.client.count()).toBe(before)
  })

  test('nor one that the giver does not hold (AD-04)', async () => {
    const before = await stage.database.prisma.client.count()
    const as = lesser('admin:grant', 'users:read')
    const more = await create({ client_name: 'x', ...scoped('users:read', 'keys:rotate') }, as)
    expect(problemOf(more)).toEqual(problem(403, 'target_holds_more'))
    expect(await stage.database.prisma.client.count()).toBe(before)
    expect((await create({ client_name: 'x', ...scoped('users:read') }, as)).status).toBe(201)
  })

  test('no client hears of all users, or is taken over that does, by somebody who may not hand out power (AD-04)', async () => {
    const receiver = { ...scoped(), scope: 'ssf.manage' }
    const answer = await create({ client_name: 'x', ...receiver }, lesser())
    expect(problemOf(answer)).toEqual(problem(403, 'insufficient_scope'))
    const id = await made({ metadata: { redirect_uris: [], grant_types: ['client_credentials'] } })
    const widened = await change(id, { scope: 'ssf.read' }, { token: lesser() })
    expect(problemOf(widened)).toEqual(problem(403, 'insufficient_scope'))
    expect((await change(id, { scope: 'ssf.read' })).status).toBe(200)
    const keys = await change(id, { jwks_uri: 'https://else.example/jwks' }, { token: lesser() })
    expect(problemOf(keys)).toEqual(problem(403, 'insufficient_scope'))
    expect((await rowOf(id))?.metadata).toMatchObject({ scope: 'ssf.read' })
    expect((await create({ client_name: 'x', ...receiver }, lesser('admin:grant'))).status).toBe(201)
  })

  test('no client becomes one that users are not asked about by somebody who may not hand out power (AD-04)', async () => {
    const before = await stage.database.prisma.client.count()
    const answer = await create({ ...web, first_party: true }, lesser())
    expect(problemOf(answer)).toEqual(problem(403, 'insufficient_scope'))
    expect(answer.headers['www-authenticate']).toContain('scope="admin:grant"')
    expect(await stage.database.prisma.client.count()).toBe(before)
    const id = await made()
    const changed = await change(id, { first_party: true }, { token: lesser() })
    expect(problemOf(changed)).toEqual(problem(403, 'insufficient_scope'))
    expect((await rowOf(id))?.firstParty).toBe(false)
    expect((await change(id, { first_party: true }, { token: lesser('admin:grant') })).status).toBe(200)
    const elsewhere = { redirect_uris: ['https://evil.example/cb'] }
    expect((await change(id, elsewhere, { token: lesser() })).status).toBe(403)
    expect((await change(id, { client_name: 'Shop' }, { token: lesser() })).status).toBe(200)
    expect((await change(id, { first_party: false }, { token: lesser() })).status).toBe(200)
    expect((await create({ ...web, first_party: false }, lesser())).status).toBe(201)
  })

  test('nor by a later change (AD-04)', async () => {
    const id = await made({ metadata: scoped() })
    const patch = { scope: 'orders:read users:read' }
    expect(problemOf(await change(id, patch, { token: lesser('users:read') }))).toEqual(
      problem(403, 'insufficient_scope'),
    )
    expect(problemOf(await change(id, patch, { token: lesser('admin:grant') }))).toEqual(
      problem(403, 'target_holds_more'),
    )
    expect((await findClient(stage.database.prisma, id))?.metadata.scope).toBe('orders:read')
  })

  test('whoever holds less than a client changes none of its credentials, nor anything of it (AD-04)', async () => {
    const id = await made({ metadata: scoped('keys:rotate') })
    const before = await rowOf(id)
    const as = lesser('admin:grant')
    const patches = [
      { redirect_uris: ['https://evil.example/cb'] },
      {
        grant_types: ['client_credentials', 'authorization_code'],
        redirect_uris: ['https://evil.example/cb'],
      },
      { jwks_uri: 'https://evil.example/jwks', token_endpoint_auth_method: 'private_key_jwt' },
      { jwks: { keys: [{ kty: 'EC', crv: 'P-256', x: 'x', y: 'y' }] } },
      { first_party: true },
      { scope: null },
      { client_name: 'Renamed' },
    ]
    for (const patch of patches)
      expect(problemOf(await change(id, patch, { token: as }))).toEqual(problem(403, 'target_holds_more'))
    for (const verb of ['secret', 'disable', 'enable']) {
      const answer = await stage.ask(`/v1/clients/${id}/${verb}`, { method: 'POST', token: as })
      expect(problemOf(answer)).toEqual(problem(403, 'target_holds_more'))
    }
    expect(problemOf(await remove(id, as))).toEqual(problem(403, 'target_holds_more'))
    expect(await rowOf(id)).toEqual(before)
    const denials = await stage.database.prisma.auditEvent.count({
      where: { type: 'admin.denied', clientId: id },
    })
    expect(denials).toBe(patches.length + 4)
  })

  test.each([
    { secret_digest: 'x' },
    { secretDigest: 'x' },
    { client_secret: 'chosen' },
    { previous_secret_digest: 'x' },
    { built_in: true },
    { seeded: true },
    { isAdmin: true },
    { role: 'owner' },
    { tokens_not_before: null },
    { disabled_at: null },
    { created_at: '2020-01-01T00:00:00Z' },
    { metadata: { scope: 'users:write' } },
  ])('no field that is not for callers is taken: %j (AD-04)', async (extra) => {
    const id = await made()
    const before = await rowOf(id)
    const count = await stage.database.prisma.client.count()
    expect((await create({ ...web, ...extra })).status).toBe(422)
    expect((await change(id, extra)).status).toBe(422)
    expect(await rowOf(id)).toEqual(before)
    expect(await stage.database.prisma.client.count()).toBe(count)
  })

  test.each(['cardea-cli'])('%s, which is part of Cardea, stays as it is (AD-05)', async (id) => {
    const before = await rowOf(id)
    expect(problemOf(await change(id, { client_name: 'Mine' }))).toEqual(problem(409, 'built_in'))
    for (const verb of ['secret', 'disable', 'enable']) {
      const answer = await stage.ask(`/v1/clients/${id}/${verb}`, { method: 'POST', token })
      expect(problemOf(answer)).toEqual(problem(409, 'built_in'))
    }
    expect(problemOf(await remove(id))).toEqual(problem(409, 'built_in'))
    expect(await rowOf(id)).toEqual(before)
  })

  test('nobody deletes, disables or widens the client that they call as (AD-05)', async () => {
    const id = await made({ metadata: scoped('clients:write') })
    const own = stage.token({ clientId: id })
    const before = await rowOf(id)
    for (const patch of [
      { scope: 'users:read' },
      { redirect_uris: ['https://rp.example/2'] },
      { first_party: true },
    ])
      expect(problemOf(await change(id, patch, { token: own }))).toEqual(problem(409, 'own_client'))
    for (const verb of ['secret', 'disable']) {
      const answer = await stage.ask(`/v1/clients/${id}/${verb}`, { method: 'POST', token: own })
      expect(problemOf(answer)).toEqual(problem(409, 'own_client'))
    }
    expect(problemOf(await remove(id, own))).toEqual(problem(409, 'own_client'))
    expect(await rowOf(id)).toEqual(before)
    expect((await change(id, { client_name: 'Renamed' }, { token: own })).status).toBe(200)
    expect((await stage.ask(`/v1/clients/${id}/enable`, { method: 'POST', token: own })).status).toBe(200)
  })
})
