import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { ADMIN_SCOPES, scopesOfRole } from '../../../src/clients/index.ts'
import type { AdminScope } from '../../../src/clients/index.ts'
import { startAdmin } from '../../support/admin.ts'
import type { AdminStage } from '../../support/admin.ts'

let stage: AdminStage
let token: string

beforeAll(async () => {
  stage = await startAdmin({ instances: 2 })
  token = stage.token()
})
afterAll(() => stage.stop())

const row = (id: string) => stage.database.prisma.user.findUnique({ where: { id } })
const eventsOf = async (requestId: unknown) =>
  (await stage.database.prisma.auditEvent.findMany({ where: { requestId: String(requestId) } })).map(
    ({ type }) => type,
  )
const anyTag = { 'if-match': '*' }

describe('creating', () => {
  test('a user answers with Location and ETag, and is recorded with who did it (AD-13)', async () => {
    const answer = await stage.ask('/v1/users', { token, json: { email: 'Ada@Example.com', name: 'Ada' } })
    expect(answer.status).toBe(201)
    const { id, email } = answer.json<{ id: string; email: string }>()
    expect(email).toBe('ada@example.com')
    expect(answer.location).toBe(`/v1/users/${id}`)
    const read = await stage.ask(`/v1/users/${id}`, { token })
    expect(read.json()).toEqual(answer.json())
    expect(read.headers.etag).toBe(answer.headers.etag)
    const events = await stage.database.prisma.auditEvent.findMany({ where: { userId: id } })
    expect(events).toEqual([
      expect.objectContaining({
        type: 'user.created',
        actorVia: 'admin_api',
        actorClientId: 'machine',
        actorToken: expect.stringMatching(/^tok_/),
        requestId: answer.headers['x-request-id'],
      }),
    ])
  })

  test('an address that somebody has, in any spelling, is refused', async () => {
    const { email } = await stage.addUser()
    const answer = await stage.ask('/v1/users', { token, json: { email: ` ${email.toUpperCase()}` } })
    expect(answer.status).toBe(409)
  })

  test.each([
    ['email', 'not an address'],
    ['name', 'a\u0007b'],
  ])('%s that cannot be one is refused at its place', async (field, value) => {
    const json = { email: `${randomUUID()}@example.com`, [field]: value }
    const answer = await stage.ask('/v1/users', { token, json })
    expect(answer.status).toBe(422)
    expect(answer.json()['errors']).toEqual([expect.objectContaining({ pointer: `/${field}` })])
  })
})

describe('listing', () => {
  test('is by the beginning of the address, taken literally, by status and by role', async () => {
    const mark = randomUUID().slice(0, 8)
    const one = await stage.addUser({ email: `${mark}_one@example.com` })
    const two = await stage.addUser({ email: `${mark}xtwo@example.com`, role: 'auditor' })
    await stage.ask(`/v1/users/${one.id}/disable`, { method: 'POST', token })
    const ids = async (query: string) =>
      (await stage.ask(`/v1/users?${query}`, { token }))
        .json<{ items: { id: string }[] }>()
        .items.map(({ id }) => id)
    expect(await ids(`email=${mark.toUpperCase()}`)).toEqual([one.id, two.id])
    expect(await ids(`email=${mark}_`)).toEqual([one.id])
    expect(await ids(`email=${mark}%25`)).toEqual([])
    expect(await ids(`email=${mark}&status=disabled`)).toEqual([one.id])
    expect(await ids(`email=${mark}&role=auditor`)).toEqual([two.id])
  })

  test.each([
    'limit=0',
    'limit=-1',
    'limit=1e9',
    'limit=201',
    'limit=1.5',
    'limit=01',
    'limit=',
    'limit=1&limit=2',
  ])('%s is 400 (AD-11)', async (query) => {
    expect((await stage.ask(`/v1/users?${query}`, { token })).status).toBe(400)
  })

  test('a cursor that was changed, or belongs to another list, is 400 (AD-11)', async () => {
    await stage.addUser()
    await stage.addUser()
    const first = await stage.ask('/v1/users?limit=1', { token })
    const cursor = first.json<{ next_cursor: string }>().next_cursor
    expect(first.headers.link).toContain(encodeURIComponent(cursor))
    expect((await stage.ask(`/v1/users?limit=1&cursor=${cursor}`, { token, instance: 1 })).status).toBe(200)
    const other = (at: number) => (cursor[at] === 'A' ? 'B' : 'A')
    for (let at = 0; at < cursor.length; at += 1) {
      const changed = `${cursor.slice(0, at)}${other(at)}${cursor.slice(at + 1)}`
      expect((await stage.ask(`/v1/users?limit=1&cursor=${changed}`, { token })).status).toBe(400)
    }
    expect((await stage.ask(`/v1/users?limit=1&status=active&cursor=${cursor}`, { token })).status).toBe(400)
    expect((await stage.ask(`/v1/revocations?limit=1&cursor=${cursor}`, { token })).status).toBe(400)
  })
})

describe('changing', () => {
  test('needs If-Match: 428 without, 412 with what is not there any more (AD-10)', async () => {
    const { id } = await stage.addUser()
    const path = `/v1/users/${id}`
    const tag = (await stage.ask(path, { token })).headers.etag ?? ''
    const patch = (json: unknown, headers = {}) => stage.ask(path, { method: 'PATCH', token, json, headers })
    expect((await patch({ name: 'One' })).status).toBe(428)
    const done = await patch({ name: 'One' }, { 'if-match': tag })
    expect(done.status).toBe(200)
    expect((await patch({ name: 'Two' }, { 'if-match': tag })).status).toBe(412)
    expect((await patch({ name: 'Two' }, { 'if-match': `W/${String(done.headers.etag)}` })).status).toBe(412)
    expect((await patch({ name: 'Two' }, { 'if-match': `"x", ${String(done.headers.etag)}` })).status).toBe(
      200,
    )
  })

  test('of many who saw the same state at once, one succeeds (AD-10)', async () => {
    const { id } = await stage.addUser()
    const tag = (await stage.ask(`/v1/users/${id}`, { token })).headers.etag ?? ''
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, nth) =>
        stage.ask(`/v1/users/${id}`, {
          method: 'PATCH',
          token,
          json: { name: `Name ${nth}` },
          headers: { 'if-match': tag },
          instance: nth % 2,
        }),
      ),
    )
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array<number>(9).fill(412)])
  })

  test('a new address is unverified and ends a waiting link', async () => {
    const { id } = await stage.addUser({ verified: true })
    await stage.ask(`/v1/users/${id}/invite`, { method: 'POST', token })
    const email = `${randomUUID()}@example.com`
    const answer = await stage.ask(`/v1/users/${id}`, {
      method: 'PATCH',
      token,
      json: { email },
      headers: anyTag,
    })
    expect(answer.json()).toMatchObject({ email, email_verified: false })
    expect(await stage.database.prisma.passwordTicket.count({ where: { userId: id } })).toBe(0)
  })

  test('of another address the old one is told; nobody gives themselves one here (MF-07)', async () => {
    const user = await stage.addUser({ verified: true })
    const change = (id: string, by: string, email: string) =>
      stage.ask(`/v1/users/${id}`, { method: 'PATCH', token: by, json: { email }, headers: anyTag })
    const notices = () =>
      stage.database.prisma.mail.count({ where: { recipient: user.email, template: 'security-notice' } })
    expect((await change(user.id, token, ` ${user.email.toUpperCase()}`)).status).toBe(200)
    expect(await notices()).toBe(0)
    expect((await change(user.id, token, `${randomUUID()}@example.com`)).status).toBe(200)
    expect(await notices()).toBe(1)
    const operator = await stage.addUser({ role: 'operator' })
    const theirs = stage.token({ userId: operator.id, role: 'operator' })
    const refused = await change(operator.id, theirs, `${randomUUID()}@example.com`)
    expect([refused.status, refused.json()['type']]).toEqual([409, expect.stringContaining('own_account')])
    expect((await row(operator.id))?.email).toBe(operator.email)
  })

  test('takes users:credentials as well: with users:write alone nobody gets at an account by its forgotten password (AD-04)', async () => {
    const { id, email } = await stage.addUser({ verified: true })
    const change = (scopes: AdminScope[], json: unknown) =>
      stage.ask(`/v1/users/${id}`, { method: 'PATCH', token: stage.token({ scopes }), json, headers: anyTag })
    const mine = `${randomUUID()}@example.com`
    const refused = await change(['users:write', 'users:read'], { email: mine, email_verified: true })
    expect(refused.status).toBe(403)
    expect(refused.headers['www-authenticate']).toContain('scope="users:credentials"')
    expect(await row(id)).toMatchObject({ email, emailVerified: true })
    expect((await change(['users:credentials'], { email: mine })).status).toBe(403)
    // The address they have, in whatever spelling, is no change.
    expect((await change(['users:write'], { email: email.toUpperCase(), name: 'Ada' })).status).toBe(200)
    expect((await change(['users:write', 'users:credentials'], { email: mine })).status).toBe(200)
  })

  test.each(['password', 'password_hash', 'isAdmin', 'id', 'tokens_not_before', 'seeded', 'created_at'])(
    '%s is not for anybody to write (AD-04, RE-03)',
    async (field) => {
      const { id } = await stage.addUser()
      const before = await row(id)
      const json = { name: 'Changed', [field]: 'x' }
      const answer = await stage.ask(`/v1/users/${id}`, { method: 'PATCH', token, json, headers: anyTag })
      expect(answer.status).toBe(422)
      expect(answer.json()['errors']).toEqual([expect.objectContaining({ pointer: `/${field}` })])
      expect(await row(id)).toEqual(before)
    },
  )
})

describe('roles', () => {
  test('are handed out only with admin:grant, and never beyond what the caller holds (AD-04)', async () => {
    const user = await stage.addUser()
    const give = (role: string | null, by: string) =>
      stage.ask(`/v1/users/${user.id}`, { method: 'PATCH', token: by, json: { role }, headers: anyTag })
    const ordinary = stage.token({ scopes: ADMIN_SCOPES.filter((scope) => scope !== 'admin:grant') })
    const refused = await give('auditor', ordinary)
    expect(refused.status).toBe(403)
    expect(refused.headers['www-authenticate']).toContain('scope="admin:grant"')
    const reader = stage.token({ scopes: ['users:write', 'admin:grant', ...scopesOfRole('auditor')] })
    expect((await give('operator', reader)).status).toBe(403)
    expect((await give('auditor', reader)).status).toBe(200)
    expect((await row(user.id))?.role).toBe('auditor')
    const created = await stage.ask('/v1/users', {
      token: ordinary,
      json: { email: `${randomUUID()}@example.com`, role: 'owner' },
    })
    expect(created.status).toBe(403)
  })

  test('nobody makes more of themselves (AD-04)', async () => {
    const operator = await stage.addUser({ role: 'operator' })
    const theirs = stage.token({ userId: operator.id, role: 'operator' })
    const answer = await stage.ask(`/v1/users/${operator.id}`, {
      method: 'PATCH',
      token: theirs,
      json: { role: 'owner' },
      headers: anyTag,
    })
    expect(answer.status).toBe(403)
    expect((await row(operator.id))?.role).toBe('operator')
  })

  test('an operator acts on no owner, by any door (AD-04)', async () => {
    const owner = await stage.addUser({ role: 'owner' })
    await stage.addUser({ role: 'owner' })
    const operator = await stage.addUser({ role: 'operator' })
    const theirs = stage.token({ userId: operator.id, role: 'operator' })
    const before = await row(owner.id)
    const path = `/v1/users/${owner.id}`
    const tries = [
      stage.ask(path, {
        method: 'PATCH',
        token: theirs,
        json: { email: 'mine@example.com' },
        headers: anyTag,
      }),
      stage.ask(path, { method: 'DELETE', token: theirs, headers: anyTag }),
      stage.ask(`${path}/factors/totp`, { method: 'DELETE', token: theirs }),
      ...['disable', 'enable', 'unlock', 'invite', 'password-reset'].map((name) =>
        stage.ask(`${path}/${name}`, { method: 'POST', token: theirs }),
      ),
    ]
    for (const answer of await Promise.all(tries)) {
      expect(answer.json()['type']).toBe('urn:cardea:problem:target_holds_more')
      expect(await eventsOf(answer.headers['x-request-id'])).toEqual(['admin.denied'])
    }
    expect(await row(owner.id)).toEqual(before)
  })

  test('what a token may do is what its client and its role allow at this moment', async () => {
    const narrow = stage.token({ clientScopes: ['users:read'] })
    expect((await stage.ask('/v1/users', { token: narrow })).status).toBe(200)
    expect((await stage.ask('/v1/users', { token: narrow, json: { email: 'a@example.com' } })).status).toBe(
      403,
    )
    const nobody = stage.token({ role: null, userId: randomUUID() })
    expect((await stage.ask('/v1/users', { token: nobody })).status).toBe(403)
  })
})

describe('the last owner', () => {
  test('is not disabled, deleted or made less, nor is anybody by themselves (AD-05)', async () => {
    await stage.database.prisma.user.updateMany({ where: { role: 'owner' }, data: { role: null } })
    const last = await stage.addUser({ role: 'owner' })
    await stage.ask(`/v1/users/${(await stage.addUser({ role: 'owner' })).id}/disable`, {
      method: 'POST',
      token,
    })
    const path = `/v1/users/${last.id}`
    const tries = (by: string) => [
      stage.ask(`${path}/disable`, { method: 'POST', token: by }),
      stage.ask(path, { method: 'DELETE', token: by, headers: anyTag }),
      stage.ask(path, { method: 'PATCH', token: by, json: { role: 'operator' }, headers: anyTag }),
      stage.ask(path, { method: 'PATCH', token: by, json: { role: null }, headers: anyTag }),
    ]
    for (const answer of await Promise.all(tries(token)))
      expect(answer.json()['type']).toBe('urn:cardea:problem:last_owner')
    for (const answer of await Promise.all(tries(stage.token({ userId: last.id, role: 'owner' })))) {
      expect(answer.status).toBe(409)
      expect(answer.json()['type']).toBe('urn:cardea:problem:own_account')
      expect(await eventsOf(answer.headers['x-request-id'])).toEqual(['admin.denied'])
    }
    expect(await row(last.id)).toMatchObject({ role: 'owner', disabledAt: null })
  })

  test('stays when all are disabled, deleted and demoted at the same moment on two instances (AD-05)', async () => {
    for (let round = 0; round < 5; round += 1) {
      await stage.database.prisma.user.updateMany({ where: { role: 'owner' }, data: { role: null } })
      const owners = await Promise.all(Array.from({ length: 6 }, () => stage.addUser({ role: 'owner' })))
      const answers = await Promise.all(
        owners.map(({ id }, nth) => {
          const ask = { token, instance: nth % 2 }
          if (nth % 3 === 0) return stage.ask(`/v1/users/${id}/disable`, { method: 'POST', ...ask })
          if (nth % 3 === 1)
            return stage.ask(`/v1/users/${id}`, { method: 'DELETE', headers: anyTag, ...ask })
          return stage.ask(`/v1/users/${id}`, {
            method: 'PATCH',
            json: { role: null },
            headers: anyTag,
            ...ask,
          })
        }),
      )
      const left = await stage.database.prisma.user.count({ where: { role: 'owner', disabledAt: null } })
      expect({ left, refused: answers.filter(({ status }) => status === 409).length }).toEqual({
        left: 1,
        refused: 1,
      })
    }
  })
})

describe('disabling and deleting', () => {
  test('end access with a receipt, in the transaction of the change', async () => {
    const { id } = await stage.addUser()
    const answer = await stage.ask(`/v1/users/${id}/disable`, {
      method: 'POST',
      token,
      json: { reason: 'left' },
    })
    const { revoked } = answer.json<{ revoked: { id: string; state: string } }>()
    expect(revoked.state).toBe('completed')
    const receipt = await stage.database.prisma.revocation.findUnique({ where: { id: revoked.id } })
    expect(receipt).toMatchObject({ reason: 'left', selector: { user_id: id }, actor: { via: 'admin_api' } })
    expect(await eventsOf(answer.headers['x-request-id'])).toEqual(
      expect.arrayContaining(['user.disabled', 'access.revoked']),
    )
    expect((await row(id))?.tokensNotBefore).not.toBeNull()
  })

  test('deleted is gone: 404, the second time too', async () => {
    const { id } = await stage.addUser()
    const remove = () => stage.ask(`/v1/users/${id}`, { method: 'DELETE', token, headers: anyTag })
    const first = await remove()
    expect(first.status).toBe(200)
    expect(await eventsOf(first.headers['x-request-id'])).toEqual(
      expect.arrayContaining(['user.deleted', 'access.revoked']),
    )
    expect((await remove()).status).toBe(404)
    expect(await row(id)).toBeNull()
  })
})

test('a user who is not there and an id that cannot be one get the same answer (AD-03)', async () => {
  const bytes = async (id: string) => {
    const { status, text } = await stage.ask(`/v1/users/${encodeURIComponent(id)}`, { token })
    return { status, text: text.replace(/urn:cardea:request:[\w-]+/, '') }
  }
  const unknown = await bytes(randomUUID())
  expect(unknown.status).toBe(404)
  for (const id of ['x', "' OR 1=1 --", 'c_machine', '../clients', '019aa0f4-7d3b-7c1e-8f2a-5b6c7d8e9f0'])
    expect(await bytes(id)).toEqual(unknown)
})
