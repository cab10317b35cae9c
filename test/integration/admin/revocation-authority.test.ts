import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { COMMAND_LINE, createClient, ensureBuiltIn, scopesOfRole } from '../../../src/clients/index.ts'
import type { Role } from '../../../src/db/index.ts'
import { startAdmin } from '../../support/admin.ts'
import type { AdminStage } from '../../support/admin.ts'
import { seedAccess } from '../../support/admin-seed.ts'
import type { Seeded } from '../../support/admin-seed.ts'

let stage: AdminStage
let operator: string
beforeAll(async () => {
  stage = await startAdmin()
  await ensureBuiltIn(stage.database.prisma, { issuer: 'https://id.example' })
  operator = stage.token({ role: 'operator', scopes: scopesOfRole('operator') })
})
afterAll(() => stage.stop())

/** Somebody of this role, signed in. */
async function seeded(role: Role | null): Promise<Seeded> {
  const access = await seedAccess(stage)
  await stage.database.prisma.user.update({ where: { id: access.userId }, data: { role } })
  return access
}

async function end(path: string, json: object, token = operator): Promise<[number, string | undefined]> {
  const answer = await stage.ask(path, { method: 'POST', token, json: { reason: 'test', ...json } })
  const type = answer.json()['type']
  return [answer.status, typeof type === 'string' ? type.replace('urn:cardea:problem:', '') : undefined]
}

const ways: [string, (access: Seeded) => [path: string, json: object]][] = [
  ['at their address', ({ userId }) => [`/v1/users/${userId}/revoke`, {}]],
  ['as a dry run', ({ userId }) => [`/v1/users/${userId}/revoke`, { dry_run: true }]],
  ['by the selector of a user', ({ userId: user_id }) => ['/v1/revocations', { user_id }]],
  [
    'of a user at a client',
    ({ userId: user_id, clientId: client_id }) => ['/v1/revocations', { user_id, client_id }],
  ],
  ['of their session', ({ sessionUid }) => [`/v1/sessions/${sessionUid}/revoke`, {}]],
  ['of their session by selector', ({ sessionUid: session_id }) => ['/v1/revocations', { session_id }]],
  ['of their grant', ({ grantId }) => [`/v1/grants/${grantId}/revoke`, {}]],
  ['of their grant by selector', ({ grantId: grant_id }) => ['/v1/revocations', { grant_id }]],
  ['of their token', ({ token }) => ['/v1/tokens/revoke', { token }]],
  ['of their token by handle', ({ handle }) => ['/v1/tokens/revoke', { handle }]],
  ['of their token by selector', ({ handle: token }) => ['/v1/revocations', { token }]],
]

describe('the access of somebody who holds more', () => {
  test.each(ways)('is not ended %s; of others it is (AD-04)', async (_way, requestFor) => {
    const owner = await seeded('owner')
    expect(await end(...requestFor(owner))).toEqual([403, 'target_holds_more'])
    const { session, grant } = stage.database.prisma
    expect(await session.findUnique({ where: { uid: owner.sessionUid } })).toMatchObject({ revokedAt: null })
    expect(await grant.findUnique({ where: { id: owner.grantId } })).toMatchObject({ revokedAt: null })
    for (const role of ['operator', 'auditor', null] as const)
      expect(await end(...requestFor(await seeded(role)))).toEqual([200, undefined])
    expect(await end(...requestFor(owner), stage.token({ role: 'owner' }))).toEqual([200, undefined])
  })

  test('is written down as denied (AD-13)', async () => {
    const before = await stage.database.prisma.auditEvent.count({ where: { type: 'admin.denied' } })
    await end(`/v1/users/${(await seeded('owner')).userId}/revoke`, {})
    expect(await stage.database.prisma.auditEvent.count({ where: { type: 'admin.denied' } })).toBe(before + 1)
  })

  test('is ended by themselves, with whatever token may', async () => {
    const { userId } = await seeded('owner')
    const own = stage.token({ userId, role: 'owner', scopes: ['revocations:write'] })
    expect(await end(`/v1/users/${userId}/revoke`, {}, own)).toEqual([200, undefined])
  })
})

describe('what would put out owners too', () => {
  test.each<[string, string, object]>([
    ['everything', '/v1/revocations', { everything: true }],
    [
      'everything before an instant',
      '/v1/revocations',
      { everything: true, issued_before: '2026-01-01T00:00:00Z' },
    ],
    ['the command line', `/v1/clients/${COMMAND_LINE}/revoke`, {}],
    ['the command line by selector', '/v1/revocations', { client_id: COMMAND_LINE }],
  ])('is ended only by who may hand out power: %s (AD-04)', async (_what, path, json) => {
    const { sessionUid } = await seeded(null)
    expect(await end(path, json)).toEqual([403, 'insufficient_scope'])
    const untouched = await stage.database.prisma.session.findUnique({ where: { uid: sessionUid } })
    expect(untouched).toMatchObject({ revokedAt: null })
    const revocations = await stage.database.prisma.revocation.count()
    expect(await end(path, json, stage.token({ role: 'owner' }))).toEqual([200, undefined])
    expect(await stage.database.prisma.revocation.count()).toBe(revocations + 1)
  })

  test('a client that holds more of this API is ended by nobody who holds less (AD-04)', async () => {
    const created = await createClient(stage.database.prisma, {
      name: 'Console',
      metadata: { redirect_uris: [], grant_types: ['client_credentials'], scope: 'users:read keys:rotate' },
    })
    if (!created.ok) throw new Error(created.reason)
    const path = `/v1/clients/${created.client.id}/revoke`
    expect(await end(path, {})).toEqual([403, 'target_holds_more'])
    expect(await end('/v1/revocations', { client_id: created.client.id })).toEqual([403, 'target_holds_more'])
    expect(await end(path, {}, stage.token({ role: 'owner' }))).toEqual([200, undefined])
  })
})
