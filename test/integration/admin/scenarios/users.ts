import { importTotp } from '../../../../src/users/index.ts'
import { ADMIN_SCOPES } from '../../../../src/clients/index.ts'
import { createSealer } from '../../../../src/crypto/index.ts'
import type { AdminStage } from '../../../support/admin.ts'
import type { Scenario } from '../../../support/admin-scenario.ts'
import { expectStatus } from './expect-status.ts'

const nobody = '/v1/users/00000000-0000-4000-8000-000000000000'
const weak = ADMIN_SCOPES.filter((scope) => scope !== 'keys:rotate')
const sealer = createSealer([Buffer.alloc(32, 7)])

/** A POST below a user: done, for nobody, and for somebody who holds more than the caller. */
function postBelow(name: string, status: number): Scenario {
  return async (stage, token) => {
    const user = await stage.addUser()
    if (name === 'enable') await stage.ask(`/v1/users/${user.id}/disable`, { method: 'POST', token })
    const owner = await stage.addUser({ role: 'owner' })
    await expectStatus(status, stage.ask(`/v1/users/${user.id}/${name}`, { method: 'POST', token }))
    await expectStatus(404, stage.ask(`${nobody}/${name}`, { method: 'POST', token }))
    const lesser = stage.token({ scopes: weak })
    await expectStatus(403, stage.ask(`/v1/users/${owner.id}/${name}`, { method: 'POST', token: lesser }))
  }
}

async function addFactor(stage: AdminStage, userId: string): Promise<void> {
  await stage.database.transaction((tx) =>
    importTotp({ tx, sealer }, { userId, secret: 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567' }),
  )
}

export const userScenarios: Record<string, Scenario> = {
  async listUsers(stage, token) {
    await stage.addUser()
    await expectStatus(200, stage.ask('/v1/users', { token }))
  },
  async createUser(stage, token) {
    const { email } = await stage.addUser()
    await expectStatus(
      201,
      stage.ask('/v1/users', { token, json: { email: 'new@example.com', role: 'auditor' } }),
    )
    await expectStatus(409, stage.ask('/v1/users', { token, json: { email } }))
  },
  async getUser(stage, token) {
    const { id } = await stage.addUser()
    await expectStatus(200, stage.ask(`/v1/users/${id}`, { token }))
    await expectStatus(404, stage.ask(nobody, { token }))
  },
  async listConsents(stage, token) {
    const { id } = await stage.addUser()
    await expectStatus(200, stage.ask(`/v1/users/${id}/consents`, { token }))
    await expectStatus(404, stage.ask(`${nobody}/consents`, { token }))
  },
  async getUserTimeline(stage, token) {
    const { id } = await stage.addUser()
    await expectStatus(200, stage.ask(`/v1/users/${id}/timeline`, { token }))
    await expectStatus(404, stage.ask(`${nobody}/timeline`, { token }))
  },
  async updateUser(stage, token) {
    const { id } = await stage.addUser()
    const other = await stage.addUser()
    const { headers } = await stage.ask(`/v1/users/${id}`, { token })
    const patch = (path: string, tag: string, json: unknown) =>
      stage.ask(path, { method: 'PATCH', token, headers: { 'if-match': tag }, json })
    const tag = headers.etag ?? ''
    await expectStatus(404, patch(nobody, tag, { name: 'x' }))
    await expectStatus(412, patch(`/v1/users/${id}`, '"stale"', { name: 'x' }))
    await expectStatus(409, patch(`/v1/users/${id}`, tag, { email: other.email }))
    await expectStatus(200, patch(`/v1/users/${id}`, tag, { name: 'New Name' }))
  },
  async deleteUser(stage, token) {
    const me = await stage.addUser({ role: 'owner' })
    const { id } = await stage.addUser()
    const mine = stage.token({ userId: me.id, role: 'owner' })
    const remove = (path: string, tag: string, by = token) =>
      stage.ask(path, { method: 'DELETE', token: by, headers: { 'if-match': tag } })
    await expectStatus(404, remove(nobody, '*'))
    await expectStatus(412, remove(`/v1/users/${id}`, '"stale"'))
    await expectStatus(409, remove(`/v1/users/${me.id}`, '*', mine))
    await expectStatus(200, remove(`/v1/users/${id}`, '*'))
  },
  disableUser: postBelow('disable', 200),
  enableUser: postBelow('enable', 200),
  unlockUser: postBelow('unlock', 204),
  inviteUser: postBelow('invite', 201),
  startPasswordReset: postBelow('password-reset', 201),
  async getFactors(stage, token) {
    const { id } = await stage.addUser()
    await expectStatus(200, stage.ask(`/v1/users/${id}/factors`, { token }))
    await expectStatus(404, stage.ask(`${nobody}/factors`, { token }))
  },
  async resetFactor(stage, token) {
    const me = await stage.addUser({ role: 'owner' })
    const { id } = await stage.addUser()
    await addFactor(stage, id)
    const reset = (user: string, by = token) =>
      stage.ask(`/v1/users/${user}/factors/totp`, { method: 'DELETE', token: by })
    await expectStatus(200, reset(id))
    await expectStatus(404, reset(id))
    await expectStatus(409, reset(me.id, stage.token({ userId: me.id, role: 'owner' })))
  },
  async getStatistics(stage, token) {
    await expectStatus(200, stage.ask('/v1/statistics', { token }))
  },
}
