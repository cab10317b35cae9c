import { ADMIN_SCOPES } from '../../../../src/clients/index.ts'
import { madeClient } from '../../../support/access-rows.ts'
import type { AdminStage } from '../../../support/admin.ts'
import type { Scenario } from '../../../support/admin-scenario.ts'
import { expectStatus } from './expect-status.ts'

const nobody = '/v1/clients/nobody'
const web = { client_name: 'Shop', redirect_uris: ['https://shop.example/cb'] }

/** A client that holds more than the token that is given back. */
async function strong(stage: AdminStage): Promise<{ path: string; lesser: string }> {
  const scope = 'keys:rotate'
  const id = await madeClient(stage, { metadata: { scope } })
  return {
    path: `/v1/clients/${id}`,
    lesser: stage.token({ scopes: ADMIN_SCOPES.filter((one) => one !== scope) }),
  }
}

/** A POST below a client: done, for nobody, for one that holds more, and for `inTheWay`. */
function postBelow(name: string, inTheWay: (stage: AdminStage, id: string) => Promise<string>): Scenario {
  return async (stage, token) => {
    const post = (path: string, by: string) => stage.ask(`${path}/${name}`, { method: 'POST', token: by })
    const id = await madeClient(stage)
    if (name === 'enable') await stage.ask(`/v1/clients/${id}/disable`, { method: 'POST', token })
    await expectStatus(200, post(`/v1/clients/${id}`, token))
    await expectStatus(404, post(nobody, token))
    const { path, lesser } = await strong(stage)
    await expectStatus(403, post(path, lesser))
    await expectStatus(409, post(`/v1/clients/${id}`, await inTheWay(stage, id)))
  }
}

/** The caller is that client. */
const isOwn = (stage: AdminStage, id: string) => Promise.resolve(stage.token({ clientId: id }))

async function isBuiltIn(stage: AdminStage, id: string): Promise<string> {
  await stage.database.prisma.client.update({ where: { id }, data: { builtIn: true } })
  return stage.token()
}

export const clientScenarios: Record<string, Scenario> = {
  async listClients(stage, token) {
    await madeClient(stage)
    await expectStatus(200, stage.ask('/v1/clients', { token }))
  },
  async createClient(stage, token) {
    const create = (json: object) => stage.ask('/v1/clients', { token, json })
    await expectStatus(201, create({ ...web, client_id: 'taken' }))
    await expectStatus(409, create({ ...web, client_id: 'taken' }))
  },
  async getClient(stage, token) {
    await expectStatus(200, stage.ask(`/v1/clients/${await madeClient(stage)}`, { token }))
    await expectStatus(404, stage.ask(nobody, { token }))
  },
  async listLogoutNotices(stage, token) {
    const id = await madeClient(stage)
    await expectStatus(200, stage.ask(`/v1/clients/${id}/logout-notices?state=failed`, { token }))
    await expectStatus(404, stage.ask(`${nobody}/logout-notices`, { token }))
  },
  retryLogoutNotices: postBelow('logout-notices/retry', isBuiltIn),
  async getClientLogo(stage, token) {
    const metadata = { logo_uri: 'https://rp.example/logo.png' }
    await expectStatus(200, stage.ask(`/v1/clients/${await madeClient(stage, { metadata })}/logo`, { token }))
    await expectStatus(404, stage.ask(`/v1/clients/${await madeClient(stage)}/logo`, { token }))
  },
  async updateClient(stage, token) {
    const id = await madeClient(stage)
    const patch = (path: string, json: object, tag = '*', by = token) =>
      stage.ask(path, { method: 'PATCH', token: by, json, headers: { 'if-match': tag } })
    await expectStatus(200, patch(`/v1/clients/${id}`, { client_name: 'Other' }))
    await expectStatus(404, patch(nobody, { client_name: 'Other' }))
    await expectStatus(412, patch(`/v1/clients/${id}`, { client_name: 'Late' }, '"stale"'))
    await expectStatus(409, patch(`/v1/clients/${id}`, { first_party: true }, '*', await isOwn(stage, id)))
  },
  async deleteClient(stage, token) {
    const id = await madeClient(stage)
    const remove = (path: string, tag = '*', by = token) =>
      stage.ask(path, { method: 'DELETE', token: by, headers: { 'if-match': tag } })
    await expectStatus(412, remove(`/v1/clients/${id}`, '"stale"'))
    await expectStatus(409, remove(`/v1/clients/${id}`, '*', await isOwn(stage, id)))
    await expectStatus(200, remove(`/v1/clients/${id}`))
    await expectStatus(404, remove(`/v1/clients/${id}`))
  },
  rotateClientSecret: postBelow('secret', isOwn),
  disableClient: postBelow('disable', isOwn),
  enableClient: postBelow('enable', isBuiltIn),
}
