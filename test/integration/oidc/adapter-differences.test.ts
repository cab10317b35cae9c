import { randomBytes, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { errors } from 'oidc-provider'
import type { AdapterPayload } from 'oidc-provider'
import { adapterOn, connectStoreDatabase, openStore } from './store.ts'
import type { Store } from './store.ts'

// Where our store keeps less, or more, than the engine's contract asks for; what it has in common is in adapter-contract.
let store: Store
beforeAll(async () => (store = await openStore()))
afterAll(() => store.close())

const now = () => Math.floor(Date.now() / 1000)
const random = () => randomBytes(32).toString('base64url')
const at = (model: string) => store.adapterFor(model)

async function save(
  model: string,
  payload: AdapterPayload,
  id = random(),
  expiresIn = 3600,
): Promise<string> {
  const whole = { iat: now(), exp: now() + expiresIn, jti: id, kind: model, ...payload }
  await at(model).upsert(id, whole, expiresIn)
  return id
}

describe('a one-time value', () => {
  test('is saved once: the second time is refused, by whichever instance (CA-07, RFC 7523 §3)', async () => {
    const id = await save('ReplayDetection', { iss: 'c' })
    await expect(save('ReplayDetection', { iss: 'c' }, id)).rejects.toThrow(errors.InvalidClientAuth)
    const other = connectStoreDatabase(store.database.pool.options.connectionString ?? '')
    const again = adapterOn(other)('ReplayDetection').upsert(id, { iss: 'c', jti: id }, 3600)
    await expect(again).rejects.toThrow(errors.InvalidClientAuth)
    await other.close()
  })

  test('of 20 at one moment is saved by one (CA-07, M7)', async () => {
    const id = random()
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, () => save('ReplayDetection', { iss: 'c' }, id)),
    )
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })

  test('is not asked about, because the answer would be a race (CA-07)', async () => {
    const id = await save('ReplayDetection', { iss: 'c' })
    expect(await at('ReplayDetection').find(id)).toBeUndefined()
  })

  test('may come again an hour after its end, when no clock of ours takes it for good any more (CA-07, FT-15)', async () => {
    const [early, late] = [
      await save('ReplayDetection', { iss: 'c' }, random(), -3500),
      await save('ReplayDetection', { iss: 'c' }, random(), -3700),
    ]
    await expect(save('ReplayDetection', { iss: 'c' }, late)).resolves.toBe(late)
    await expect(save('ReplayDetection', { iss: 'c' }, early)).rejects.toThrow('invalid_client')
  })
})

describe('a session that was ended', () => {
  test('cannot be saved again, under its cookie value or another (SE-09, M6)', async () => {
    const session = { uid: random(), accountId: randomUUID(), loginTs: now() }
    const id = await save('Session', session)
    await at('Session').destroy(id)
    await save('Session', session, id)
    const renamed = await save('Session', session)
    for (const value of [id, renamed]) expect(await at('Session').find(value)).toBeUndefined()
    expect(await at('Session').findByUid(session.uid)).toBeUndefined()
  })

  test('stays behind as a row without content, so that it can be told from none (SE-09)', async () => {
    const session = { uid: random(), accountId: randomUUID(), loginTs: now() }
    await at('Session').destroy(await save('Session', session))
    const row = await store.database.prisma.session.findUniqueOrThrow({ where: { uid: session.uid } })
    expect(row.revokedAt).not.toBeNull()
    expect(row.payload).toEqual({ endedGrants: [], knownAs: {} })
  })
})

test('a session of nobody, in which nothing is remembered, is not saved (HT-05)', async () => {
  const id = await save('Session', { uid: random() })
  expect(await at('Session').find(id)).toBeUndefined()
  const remembered = await save('Session', { uid: random(), state: { secret: 'x' } })
  expect(await at('Session').find(remembered)).toMatchObject({ state: { secret: 'x' } })
})

describe('a grant that was revoked', () => {
  test('cannot be saved again, and takes its tokens along (RT-06, FT-11)', async () => {
    const grantId = await save('Grant', { accountId: randomUUID(), clientId: 'c' })
    const token = await save('AccessToken', { grantId, clientId: 'c' })
    await at('Grant').destroy(grantId)
    await save('Grant', { accountId: randomUUID(), clientId: 'c' }, grantId)
    expect(await at('Grant').find(grantId)).toBeUndefined()
    expect(await at('AccessToken').find(token)).toBeUndefined()
  })

  test('hides what is still saved under it: a request in flight brings nothing back (FT-11)', async () => {
    const grantId = await save('Grant', { accountId: randomUUID(), clientId: 'c' })
    await at('Grant').destroy(grantId)
    for (const model of ['AccessToken', 'RefreshToken', 'AuthorizationCode']) {
      const late = await save(model, { grantId, clientId: 'c' })
      expect([model, await at(model).find(late)]).toEqual([model, undefined])
    }
  })
})

describe('what was used up', () => {
  test('stays used up when it is saved again (CO-02)', async () => {
    const code = { grantId: random(), clientId: 'c' }
    const id = await save('AuthorizationCode', code)
    await at('AuthorizationCode').consume(id)
    await save('AuthorizationCode', code, id)
    expect(await at('AuthorizationCode').find(id)).toHaveProperty('consumed')
  })

  test('was used up when it first was: a window that begins then does not slide (RT-01)', async () => {
    const id = await save('RefreshToken', { grantId: random(), clientId: 'c' })
    await at('RefreshToken').consume(id)
    await store.database.pool.query(
      `UPDATE tokens SET consumed_at = now() - interval '1 hour' WHERE kind = 'RefreshToken'`,
    )
    const first = await at('RefreshToken').find(id)
    await at('RefreshToken').consume(id)
    expect(await at('RefreshToken').find(id)).toEqual(first)
  })
})

describe('what has expired', () => {
  test('is still there if the engine wants to know how it ended: a code, a refresh token (RT-09)', async () => {
    for (const model of ['AuthorizationCode', 'RefreshToken']) {
      const id = await save(model, { grantId: random(), clientId: 'c' }, random(), -5)
      expect(await at(model).find(id)).toMatchObject({ exp: expect.any(Number) as unknown })
    }
  })

  test('is not there if it was good for access (UI-01)', async () => {
    const id = await save('AccessToken', { grantId: random(), clientId: 'c' }, random(), 0)
    expect(await at('AccessToken').find(id)).toBeUndefined()
  })
})

test('revoking the grant of nothing revokes nothing: not every token without a grant', async () => {
  const id = await save('ClientCredentials', { clientId: 'c' })
  for (const nothing of [undefined, null, '']) await at('ClientCredentials').revokeByGrantId(nothing as never)
  expect(await at('ClientCredentials').find(id)).toBeDefined()
})

describe('the table', () => {
  test('holds no bearer secret: neither as a key nor in what is stored under it (CO-07, ASVS 11.4.2)', async () => {
    const secrets = await Promise.all(
      [
        'AccessToken',
        'AuthorizationCode',
        'RefreshToken',
        'ClientCredentials',
        'DeviceCode',
        'InitialAccessToken',
        'RegistrationAccessToken',
        'PushedAuthorizationRequest',
        'BackchannelAuthenticationRequest',
        'PreAuthorizedCode',
      ].map((model) => save(model, { clientId: 'c' })),
    )
    secrets.push(await save('Session', { uid: random(), accountId: randomUUID() }))
    const sid = random()
    const uid = random()
    const request = {
      returnTo: `https://id.example/authorize/${uid}`,
      params: {},
      session: { accountId: randomUUID(), uid: 'u', cookie: sid },
    }
    await save('Interaction', request, uid)
    secrets.push(sid, uid)
    const tables = ['tokens', 'sessions', 'interactions', 'replay_guards', 'grants']
    const dumps = await Promise.all(
      tables.map((table) =>
        store.database.pool.query<{ row: string }>(`SELECT t::text AS row FROM ${table} t`),
      ),
    )
    const dump = dumps.flatMap(({ rows }) => rows.map(({ row }) => row)).join('\n')
    for (const secret of secrets) {
      expect(dump.includes(secret)).toBe(false)
      expect(dump.includes(Buffer.from(secret).toString('hex'))).toBe(false)
    }
  })

  test('gives a sign-in under way back without the cookie of the session it began in (SE-04)', async () => {
    const uid = random()
    const session = { accountId: randomUUID(), uid: 'u', cookie: random(), acr: 'a' }
    await save('Interaction', { params: {}, session }, uid)
    const { cookie: _cookie, ...rest } = session
    expect(await at('Interaction').find(uid)).toMatchObject({ jti: uid, session: rest })
    expect(JSON.stringify(await at('Interaction').find(uid))).not.toContain(session.cookie)
  })
})

describe('what cannot be stored or looked up', () => {
  test.each(['a\0b', 'x'.repeat(5000), '', "' OR 1=1 --"])(
    "an id like %j is nobody's (HT-06, M11)",
    async (id) => {
      for (const model of ['AccessToken', 'Session', 'Grant', 'Interaction', 'Client'])
        expect(await at(model).find(id)).toBeUndefined()
    },
  )

  test('a request with NUL or half a character in it is an invalid request, not an error of ours (HT-06, M11)', async () => {
    for (const state of ['a\0b', 'a\ud800b'])
      await expect(save('Interaction', { params: { client_id: 'c', state } })).rejects.toThrow(
        errors.InvalidRequest,
      )
  })

  test('while the database is away everything is temporarily unavailable, and nothing is "not found" (IN-05, FT-01)', async () => {
    const away = connectStoreDatabase('postgresql://nobody@127.0.0.1:9/nothing')
    for (const model of ['AccessToken', 'Session', 'Grant', 'Interaction', 'Client', 'ReplayDetection']) {
      const adapter = adapterOn(away)(model)
      const unavailable = { status: 503, error: 'temporarily_unavailable' }
      if (model !== 'ReplayDetection') await expect(adapter.find('x')).rejects.toMatchObject(unavailable)
      const payload = { uid: 'x', accountId: randomUUID(), clientId: 'c', jti: 'x' }
      if (model !== 'Client')
        await expect(adapter.upsert('x', payload, 60)).rejects.toMatchObject(unavailable)
      await expect(adapter.destroy('x')).rejects.toMatchObject(unavailable)
      await expect(adapter.revokeByGrantId('x')).rejects.toMatchObject(unavailable)
    }
    await away.close()
  })
})
