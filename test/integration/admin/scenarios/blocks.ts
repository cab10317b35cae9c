import { randomUUID } from 'node:crypto'
import { ADMIN_SCOPES } from '../../../../src/clients/index.ts'
import { counterKey, knowBrowser, reserveAttempt } from '../../../../src/users/index.ts'
import type { AdminStage } from '../../../support/admin.ts'
import type { Scenario } from '../../../support/admin-scenario.ts'
import { expectStatus } from './expect-status.ts'

/** A block that has just begun; gives its id. */
async function blocked({ database: { prisma } }: AdminStage, userId?: string): Promise<string> {
  const policy = {
    ...{ limit: 1, windowSeconds: 600, blockSeconds: 600, maxBlockSeconds: 600 },
    ...{ renews: true, clearedBySuccess: true },
  }
  const key = counterKey('otp.user', randomUUID())
  await reserveAttempt(prisma, [{ key, policy, about: { userId, network: '192.0.2.1' } }], new Date())
  const row = await prisma.attemptCounter.findUniqueOrThrow({ where: { key } })
  return row.blockId ?? ''
}

export const blockScenarios: Record<string, Scenario> = {
  async listBlocks(stage, token) {
    await blocked(stage)
    await expectStatus(200, stage.ask('/v1/blocks', { token }))
  },
  async liftBlock(stage, token) {
    const lift = (id: string, by = token) => stage.ask(`/v1/blocks/${id}`, { method: 'DELETE', token: by })
    const id = await blocked(stage)
    await expectStatus(204, lift(id))
    await expectStatus(404, lift(id))
    await expectStatus(404, lift('nobody'))
    const owner = await stage.addUser({ role: 'owner' })
    const lesser = stage.token({ scopes: ADMIN_SCOPES.filter((scope) => scope !== 'keys:rotate') })
    await expectStatus(403, lift(await blocked(stage, owner.id), lesser))
  },
  async listTrustedBrowsers(stage, token) {
    const { id } = await stage.addUser()
    await stage.database.transaction((tx) => knowBrowser(tx, { userId: id, userAgent: 'Browser/1' }))
    await expectStatus(200, stage.ask(`/v1/users/${id}/browsers`, { token }))
    await expectStatus(404, stage.ask('/v1/users/nobody/browsers', { token }))
  },
  async forgetTrustedBrowser(stage, token) {
    const known = async (role?: 'owner') => {
      const { id: userId } = await stage.addUser(role ? { role } : {})
      await stage.database.transaction((tx) => knowBrowser(tx, { userId }))
      const { id } = await stage.database.prisma.trustedBrowser.findFirstOrThrow({ where: { userId } })
      return `/v1/users/${userId}/browsers/${id}`
    }
    const forget = (path: string, by = token) => stage.ask(path, { method: 'DELETE', token: by })
    const path = await known()
    await expectStatus(204, forget(path))
    await expectStatus(404, forget(path))
    const lesser = stage.token({ scopes: ADMIN_SCOPES.filter((scope) => scope !== 'keys:rotate') })
    await expectStatus(403, forget(await known('owner'), lesser))
  },
}
