import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { handleOf, revoke } from '../../../src/oidc/index.ts'
import { leaveAccess, madeClient } from '../../support/access-rows.ts'
import type { Left } from '../../support/access-rows.ts'
import { startAdmin } from '../../support/admin.ts'
import type { AdminStage } from '../../support/admin.ts'
import { digestOf } from '../../support/tokens.ts'

let stage: AdminStage
let token: string
beforeAll(async () => {
  stage = await startAdmin()
  token = stage.token()
})
afterAll(() => stage.stop())

type Page = { items: Record<string, unknown>[]; next_cursor: string | null }
const get = (path: string) => stage.ask(path, { token })
const items = async (path: string) => (await get(path)).json<Page>().items

describe('sessions, grants and tokens', () => {
  let one: Left
  let other: Left
  let userId: string, clientId: string, otherUserId: string
  beforeAll(async () => {
    ;[userId, otherUserId] = [(await stage.addUser()).id, (await stage.addUser()).id]
    clientId = await madeClient(stage)
    one = await leaveAccess(stage, { userId, clientId })
    other = await leaveAccess(stage, { userId: otherUserId, clientId })
  })

  test('are listed by whose they are (AD-03)', async () => {
    expect((await items(`/v1/sessions?user_id=${userId}`)).map((s) => s['session_id'])).toEqual([one.session])
    expect((await items(`/v1/grants?user_id=${userId}`)).map((g) => g['grant_id'])).toEqual([one.grant])
    expect((await items(`/v1/grants?client_id=${clientId}`)).map((g) => g['grant_id']).sort()).toEqual(
      [one.grant, other.grant].sort(),
    )
    expect(await items(`/v1/grants?user_id=${userId}&client_id=nobody`)).toEqual([])
    const handles = (values: Left['values']) =>
      Object.values(values)
        .map((value) => handleOf(digestOf(value)))
        .sort()
    const listed = async (query: string) =>
      (await items(`/v1/tokens?${query}`)).map((t) => t['handle']).sort()
    expect(await listed(`user_id=${userId}`)).toEqual(handles(one.values))
    expect(await listed(`grant_id=${other.grant}`)).toEqual(handles(other.values))
    expect(await listed(`user_id=${otherUserId}&client_id=${clientId}`)).toEqual(handles(other.values))
    expect(await listed(`client_id=${clientId}`)).toEqual(
      [...handles(one.values), ...handles(other.values)].sort(),
    )
    expect(await listed(`user_id=${randomUUID()}`)).toEqual([])
  })

  test('tell what an operator needs, each as in its list', async () => {
    const [session] = await items(`/v1/sessions?user_id=${userId}`)
    expect(session).toMatchObject({
      ...{ session_id: one.session, user_id: userId, active: true, acr: 'urn:cardea:acr:mfa' },
      ...{ client_ids: [clientId], amr: ['pwd', 'otp', 'mfa'], signed_in_at: '2026-09-21T14:13:20.000Z' },
    })
    expect((await get(`/v1/sessions/${one.session}`)).json()).toEqual(session)
    const [grant] = await items(`/v1/grants?user_id=${userId}`)
    expect(grant).toMatchObject({
      ...{ active: true, scopes: ['openid', 'profile'], client_id: clientId },
      resources: { 'https://api.example/': ['orders:read', 'orders:write'] },
    })
    expect((await get(`/v1/grants/${one.grant}`)).json()).toEqual(grant)
    for (const listed of await items(`/v1/tokens?user_id=${userId}`)) {
      expect(listed).toMatchObject({ active: true, client_id: clientId, grant_id: one.grant })
      expect((await get(`/v1/tokens/${String(listed['handle'])}`)).json()).toEqual(listed)
    }
  })

  test('show no value, seal, cookie or anything else by which one could be used (AD-08)', async () => {
    const paths = [
      ...['/v1/sessions', `/v1/sessions/${one.session}`, '/v1/grants', `/v1/grants/${one.grant}`],
      ...[`/v1/tokens?user_id=${userId}`, `/v1/tokens?client_id=${clientId}`],
      ...Object.values(one.values).map((value) => `/v1/tokens/${handleOf(digestOf(value))}`),
    ]
    for (const path of paths) {
      const { status, text } = await get(path)
      expect(status).toBe(200)
      expect(text).not.toContain('canary')
      for (const value of Object.values(one.values)) expect(text).not.toContain(value)
    }
  })

  test('a token is found by its value, which is neither answered nor logged (AD-08)', async () => {
    for (const [kind, name] of [
      ['AccessToken', 'access_token'],
      ['RefreshToken', 'refresh_token'],
      ['AuthorizationCode', 'authorization_code'],
    ] as const) {
      const value = one.values[kind]
      const answer = await stage.ask('/v1/tokens/lookup', { token, json: { token: value } })
      expect(answer.json()).toMatchObject({ kind: name, active: true, handle: handleOf(digestOf(value)) })
      expect(answer.text).not.toContain(value)
    }
    const events = JSON.stringify(
      await stage.database.prisma.auditEvent.findMany({ select: { detail: true, type: true } }),
    )
    for (const value of Object.values(one.values)) {
      expect(stage.log.join('\n')).not.toContain(value)
      expect(events).not.toContain(value)
    }
    for (const unknown of [
      'x',
      'a.b.c',
      'eyJhbGciOiJub25lIn0.e30.',
      'x'.repeat(8000),
      handleOf(digestOf('x')),
    ]) {
      const answer = await stage.ask('/v1/tokens/lookup', { token, json: { token: unknown } })
      expect(answer.status).toBe(404)
      expect(answer.json()).not.toHaveProperty('detail')
    }
  })

  test('what is not there is 404, whatever its id is the id of (AD-03)', async () => {
    for (const id of [userId, clientId, one.grant, 'x', handleOf(digestOf('x')), 'tok_short'])
      expect((await get(`/v1/sessions/${id}`)).status).toBe(404)
    for (const id of [userId, clientId, one.session, 'x'])
      expect((await get(`/v1/grants/${id}`)).status).toBe(404)
    for (const id of [
      userId,
      clientId,
      one.session,
      one.grant,
      handleOf(digestOf('x')),
      one.values.AccessToken,
    ])
      expect((await get(`/v1/tokens/${id}`)).status).toBe(404)
  })

  test('a list of tokens needs to be told whose, in one way (400)', async () => {
    for (const query of [
      '',
      `?grant_id=${one.grant}&user_id=${userId}`,
      '?user_id=x',
      '?colour=red',
      '?user_id=',
    ])
      expect((await get(`/v1/tokens${query}`)).status).toBe(400)
    for (const limit of ['0', '-1', '1e9', '201', 'x'])
      expect((await get(`/v1/tokens?client_id=${clientId}&limit=${limit}`)).status).toBe(400)
    for (const path of ['sessions', 'grants', 'clients', 'resource-servers', 'signing-keys'])
      expect((await get(`/v1/${path}?limit=0`)).status).toBe(400)
  })
})

describe('what has ended', () => {
  const lists = (userId: string) =>
    Promise.all(['sessions', 'grants', 'tokens'].map((what) => items(`/v1/${what}?user_id=${userId}`)))

  test.each([
    ['a revocation of the user', (userId: string) => ({ userId })],
    ['a revocation of everything', () => ({ everything: true as const })],
  ])('by %s is in no list, and shown as not active', async (_, selector) => {
    const { id: userId } = await stage.addUser()
    const clientId = await madeClient(stage)
    const { session, grant } = await leaveAccess(stage, { userId, clientId })
    expect((await lists(userId)).map(({ length }) => length)).toEqual([1, 1, 3])
    await stage.database.transaction((tx) => revoke(tx, selector(userId), { reason: 'test' }))
    expect((await lists(userId)).map(({ length }) => length)).toEqual([0, 0, 0])
    expect((await get(`/v1/sessions/${session}`)).json()).toMatchObject({ active: false })
    expect((await get(`/v1/grants/${grant}`)).json()).toMatchObject({ active: false })
  })

  const ends: [string, string, [number, number, number]][] = [
    [
      'the cut of the user alone',
      'UPDATE users SET tokens_not_before = clock_timestamp() WHERE id = :user',
      [0, 0, 0],
    ],
    [
      'the cut of the client alone',
      'UPDATE clients SET tokens_not_before = clock_timestamp() WHERE id = :client',
      [1, 0, 0],
    ],
    [
      'the cut of both together',
      'INSERT INTO cutoffs SELECT :user::uuid, :client, clock_timestamp()',
      [1, 0, 0],
    ],
    ['the user disabled', 'UPDATE users SET disabled_at = now() WHERE id = :user', [0, 0, 0]],
    ['the client disabled', 'UPDATE clients SET disabled_at = now() WHERE id = :client', [1, 0, 0]],
    ['the session ended', 'UPDATE sessions SET revoked_at = now() WHERE user_id = :user', [0, 1, 0]],
    ['the grant ended', 'UPDATE grants SET revoked_at = now() WHERE user_id = :user', [1, 0, 0]],
    [
      'their time',
      "UPDATE tokens SET expires_at = now() - interval '1 second' WHERE user_id = :user",
      [1, 1, 0],
    ],
    ['their use', 'UPDATE tokens SET consumed_at = now() WHERE user_id = :user', [1, 1, 0]],
  ]
  test.each(ends)('by %s is not in force', async (_, sql, left) => {
    const { id: userId } = await stage.addUser()
    const clientId = await madeClient(stage)
    await leaveAccess(stage, { userId, clientId })
    await stage.database.pool.query(sql.replace(':user', `'${userId}'`).replace(':client', `'${clientId}'`))
    expect((await lists(userId)).map(({ length }) => length)).toEqual(left)
  })
})
