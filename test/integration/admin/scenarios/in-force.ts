import { handleOf } from '../../../../src/oidc/index.ts'
import { leaveAccess, madeClient } from '../../../support/access-rows.ts'
import type { AdminStage } from '../../../support/admin.ts'
import type { Scenario } from '../../../support/admin-scenario.ts'
import { digestOf } from '../../../support/tokens.ts'
import { expectStatus } from './expect-status.ts'

async function access(stage: AdminStage) {
  const [{ id: userId }, clientId] = [await stage.addUser(), await madeClient(stage)]
  return { userId, ...(await leaveAccess(stage, { userId, clientId })) }
}

function listed(what: string): Scenario {
  return async (stage, token) => {
    const { userId } = await access(stage)
    await expectStatus(200, stage.ask(`/v1/${what}?user_id=${userId}`, { token }))
  }
}

function shown(what: string, idOf: (of: Awaited<ReturnType<typeof access>>) => string): Scenario {
  return async (stage, token) => {
    await expectStatus(200, stage.ask(`/v1/${what}/${idOf(await access(stage))}`, { token }))
    await expectStatus(404, stage.ask(`/v1/${what}/nobody`, { token }))
  }
}

export const inForceScenarios: Record<string, Scenario> = {
  listGrants: listed('grants'),
  getGrant: shown('grants', ({ grant }) => grant),
  listSessions: listed('sessions'),
  getSession: shown('sessions', ({ session }) => session),
  listTokens: listed('tokens'),
  getToken: shown('tokens', ({ values }) => handleOf(digestOf(values.RefreshToken))),
  async lookUpToken(stage, token) {
    const { values } = await access(stage)
    const lookUp = (value: string) => stage.ask('/v1/tokens/lookup', { token, json: { token: value } })
    await expectStatus(200, lookUp(values.AccessToken))
    await expectStatus(404, lookUp('nothing'))
  },
}
