import { randomBytes, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { Adapter, AdapterPayload } from 'oidc-provider'
import { openStore } from './store.ts'
import type { Store } from './store.ts'

// The engine's own in-memory adapter is what its authors take the contract to be; it must hold for ours, model by model.
const file = new URL('../../../node_modules/oidc-provider/lib/adapters/memory_adapter.js', import.meta.url)
const { createMemoryAdapter } = (await import(file.pathname)) as {
  createMemoryAdapter: () => (model: string) => Adapter
}

let store: Store
beforeAll(async () => (store = await openStore()))
afterAll(() => store.close())

const now = () => Math.floor(Date.now() / 1000)
const random = () => randomBytes(32).toString('base64url')

/** What each model is saved with, as the engine saves it; `grantId` where it hangs from a grant. */
const models: Record<string, (id: string) => AdapterPayload> = {
  Session: () => ({
    uid: random(),
    accountId: randomUUID(),
    loginTs: now(),
    amr: ['pwd'],
    authorizations: { c: { sid: 's', grantId: 'g' } },
  }),
  AccessToken: () => ({
    grantId: random(),
    accountId: randomUUID(),
    clientId: 'c',
    scope: 'openid',
    gty: 'authorization_code',
    extra: { a: [1, 'ü', null] },
  }),
  AuthorizationCode: () => ({
    grantId: random(),
    accountId: randomUUID(),
    clientId: 'c',
    codeChallenge: random(),
    claims: { userinfo: { email: null } },
  }),
  RefreshToken: () => ({
    grantId: random(),
    accountId: randomUUID(),
    clientId: 'c',
    iiat: now(),
    rotations: 0,
    sessionUid: random(),
    expiresWithSession: true,
  }),
  DeviceCode: () => ({ grantId: random(), clientId: 'c', userCode: random(), params: { scope: 'openid' } }),
  ClientCredentials: () => ({ clientId: 'c', scope: 'orders:read', aud: 'https://api.example/' }),
  InitialAccessToken: () => ({ policies: ['a'] }),
  RegistrationAccessToken: () => ({ clientId: 'c', policies: ['a'] }),
  Interaction: (id) => ({
    returnTo: `https://id.example/authorize/${id}`,
    prompt: { name: 'login', reasons: ['r'], details: {} },
    params: { client_id: 'c', state: 'ü' },
  }),
  ReplayDetection: () => ({ iss: 'c' }),
  PushedAuthorizationRequest: () => ({ request: 'a.b.c', dpopJkt: random() }),
  Grant: () => ({
    accountId: randomUUID(),
    clientId: 'c',
    openid: { scope: 'openid email' },
    resources: { 'https://api.example/': 'orders:read' },
    rejected: {},
  }),
  BackchannelAuthenticationRequest: () => ({
    grantId: random(),
    accountId: randomUUID(),
    clientId: 'c',
    params: {},
  }),
  PreAuthorizedCode: () => ({ grantId: random(), accountId: randomUUID(), clientId: 'c' }),
}
const grantable = [
  'AccessToken',
  'AuthorizationCode',
  'RefreshToken',
  'DeviceCode',
  'BackchannelAuthenticationRequest',
  'PreAuthorizedCode',
]
const consumable = [
  'AuthorizationCode',
  'RefreshToken',
  'DeviceCode',
  'PushedAuthorizationRequest',
  'BackchannelAuthenticationRequest',
  'PreAuthorizedCode',
]
// Asked for a value it has seen, ours does not answer but refuses to save it again: see below.
const readable = Object.keys(models).filter((model) => model !== 'ReplayDetection')

function payloadOf(model: string, id: string, more: AdapterPayload = {}): AdapterPayload {
  return { iat: now(), exp: now() + 3600, jti: id, kind: model, ...models[model]?.(id), ...more }
}

describe.each([
  ['the engine keeps in memory', () => createMemoryAdapter()],
  ['we keep in PostgreSQL', () => store.adapterFor],
])('what %s', (_, open) => {
  let adapterFor: (model: string) => Adapter
  beforeAll(() => void (adapterFor = open()))

  async function save(model: string, more: AdapterPayload = {}) {
    const [adapter, id] = [adapterFor(model), random()]
    const payload = payloadOf(model, id, more)
    await adapter.upsert(id, structuredClone(payload), 3600)
    return { adapter, id, payload }
  }

  test.each(readable)('comes back as it was saved: %s', async (model) => {
    const { adapter, id, payload } = await save(model)
    expect(await adapter.find(id)).toEqual(payload)
  })

  test.each(readable)(
    'is not there before it was saved, nor under the name of another model: %s',
    async (model) => {
      const { id } = await save(model)
      expect(await adapterFor(model).find(random())).toBeUndefined()
      for (const other of readable)
        if (other !== model) expect([other, await adapterFor(other).find(id)]).toEqual([other, undefined])
    },
  )

  test.each(readable)('is replaced when it is saved again: %s', async (model) => {
    const { adapter, id, payload } = await save(model)
    const next: AdapterPayload = { ...payload, exp: now() + 7200, iat: now() + 1 }
    await adapter.upsert(id, structuredClone(next), 7200)
    expect(await adapter.find(id)).toEqual(next)
  })

  test.each(readable)(
    'is gone when it was destroyed, and destroying what is not there is no error: %s',
    async (model) => {
      const { adapter, id } = await save(model)
      await adapter.destroy(id)
      await adapter.destroy(id)
      await adapter.destroy(random())
      expect(await adapter.find(id)).toBeUndefined()
    },
  )

  test.each(consumable)('is marked when it was used up, and keeps the rest: %s', async (model) => {
    const { adapter, id, payload } = await save(model)
    expect(await adapter.find(id)).not.toHaveProperty('consumed')
    await adapter.consume(id)
    const found = await adapter.find(id)
    expect(found).toEqual({ ...payload, consumed: expect.any(Number) as unknown })
    expect(Math.abs(Number(found?.['consumed']) - now())).toBeLessThanOrEqual(2)
  })

  test('is found by its second name: a session by its uid, a device code by its user code', async () => {
    const session = await save('Session')
    expect(await session.adapter.findByUid(session.payload.uid ?? '')).toMatchObject({
      accountId: session.payload.accountId,
    })
    expect(await session.adapter.findByUid(random())).toBeUndefined()
    const device = await save('DeviceCode')
    expect(await device.adapter.findByUserCode(device.payload.userCode ?? '')).toMatchObject({
      params: device.payload.params,
    })
    expect(await device.adapter.findByUserCode(random())).toBeUndefined()
    for (const { adapter, id } of [session, device]) await adapter.destroy(id)
    expect(await session.adapter.findByUid(session.payload.uid ?? '')).toBeUndefined()
    expect(await device.adapter.findByUserCode(device.payload.userCode ?? '')).toBeUndefined()
  })

  test('is gone with its grant, of every model, and what hangs from another grant or from none stays', async () => {
    const [grantId, other] = [random(), random()]
    const ends = await Promise.all(grantable.map((model) => save(model, { grantId })))
    const stays = await Promise.all(grantable.map((model) => save(model, { grantId: other })))
    const none = await save('ClientCredentials')
    // As the engine does it: once for each model.
    for (const model of grantable) await adapterFor(model).revokeByGrantId(grantId)
    for (const { adapter, id } of ends) expect(await adapter.find(id)).toBeUndefined()
    for (const { adapter, id } of [...stays, none]) expect(await adapter.find(id)).toBeDefined()
  })

  test('stays for ever when it was saved without an end', async () => {
    const [adapter, id] = [adapterFor('InitialAccessToken'), random()]
    const { exp: _exp, ...payload } = payloadOf('InitialAccessToken', id)
    await adapter.upsert(id, structuredClone(payload), undefined)
    expect(await adapter.find(id)).toEqual(payload)
  })

  test("comes back whatever is in it, and is the caller's to change", async () => {
    const adapter = adapterFor('AccessToken')
    const words = fc.string({ unit: 'grapheme' }).map((word) => word.replaceAll('\0', '').toWellFormed())
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(words, fc.oneof(words, fc.integer(), fc.boolean(), fc.array(words))),
        async (extra) => {
          const id = random()
          const payload = payloadOf('AccessToken', id, { extra })
          await adapter.upsert(id, structuredClone(payload), 3600)
          expect(await adapter.find(id)).toEqual(payload)
        },
      ),
      { numRuns: 60 },
    )
  })
})
