import type { Scenario } from '../../../support/admin-scenario.ts'
import { seedAccess } from '../../../support/admin-seed.ts'
import type { Seeded } from '../../../support/admin-seed.ts'
import { expectStatus } from './expect-status.ts'

const reason = 'a scenario'
const nobody = '00000000-0000-4000-8000-000000000000'

/** Ends something at its address, and something that is not there. */
const revoking =
  (collection: string, idOf: (seeded: Seeded) => string): Scenario =>
  async (stage, token) => {
    const id = idOf(await seedAccess(stage))
    const revoke = (which: string) =>
      stage.ask(`/v1/${collection}/${which}/revoke`, { method: 'POST', token, json: { reason } })
    await expectStatus(200, revoke(id))
    await expectStatus(404, revoke(nobody))
  }

export const revocationScenarios: Record<string, Scenario> = {
  revokeUser: revoking('users', ({ userId }) => userId),
  revokeClient: revoking('clients', ({ clientId }) => clientId),
  revokeGrant: revoking('grants', ({ grantId }) => grantId),
  revokeSession: revoking('sessions', ({ sessionUid }) => sessionUid),
  async revokeToken(stage, token) {
    const { handle } = await seedAccess(stage)
    await expectStatus(200, stage.ask('/v1/tokens/revoke', { token, json: { handle, reason } }))
    await expectStatus(404, stage.ask('/v1/tokens/revoke', { token, json: { token: 'unknown', reason } }))
  },
  async revoke(stage, token) {
    const { userId: user_id, clientId: client_id } = await seedAccess(stage)
    await expectStatus(200, stage.ask('/v1/revocations', { token, json: { user_id, client_id, reason } }))
  },
  async listRevocations(stage, token) {
    await expectStatus(200, stage.ask('/v1/revocations', { token }))
  },
  async readRevocation(stage, token) {
    const { userId } = await seedAccess(stage)
    const made = await stage.ask(`/v1/users/${userId}/revoke`, { method: 'POST', token, json: { reason } })
    await expectStatus(200, stage.ask(`/v1/revocations/${made.json<{ id: string }>().id}`, { token }))
    await expectStatus(404, stage.ask(`/v1/revocations/${nobody}`, { token }))
  },
}
