import { createSealer } from '../../../../src/crypto/index.ts'
import { ensureSigningKeys } from '../../../../src/oidc/index.ts'
import type { AdminStage } from '../../../support/admin.ts'
import type { Scenario } from '../../../support/admin-scenario.ts'
import { expectStatus } from './expect-status.ts'

const sealer = createSealer([Buffer.alloc(32, 7)])

/** The key that signs with this algorithm. */
async function keyOf({ database }: AdminStage, alg: string): Promise<string> {
  // Keys that another scenario has made were sealed for the stage; whose seal it is does not matter here.
  await database.prisma.signingKey.deleteMany({})
  const keys = await ensureSigningKeys({ database, sealer })
  return keys.find((key) => key.alg === alg)?.kid ?? ''
}

export const signingKeyScenarios: Record<string, Scenario> = {
  async listSigningKeys(stage, token) {
    await keyOf(stage, 'RS256')
    await expectStatus(200, stage.ask('/v1/signing-keys', { token }))
  },
  async getSigningKey(stage, token) {
    await expectStatus(200, stage.ask(`/v1/signing-keys/${await keyOf(stage, 'RS256')}`, { token }))
    await expectStatus(404, stage.ask('/v1/signing-keys/nobody', { token }))
  },
  async rotateSigningKey(stage, token) {
    await keyOf(stage, 'ES256')
    const rotate = () => stage.ask('/v1/signing-keys/rotate', { token, json: { alg: 'ES256' } })
    await expectStatus(201, rotate())
    await expectStatus(409, rotate())
  },
  async retireSigningKey(stage, token) {
    const kid = await keyOf(stage, 'EdDSA')
    const retire = (of: string, json?: object) =>
      stage.ask(`/v1/signing-keys/${of}/retire`, { method: 'POST', token, json })
    await expectStatus(409, retire(kid))
    await expectStatus(200, retire(kid, { replace: true }))
    await expectStatus(404, retire('nobody'))
  },
}
