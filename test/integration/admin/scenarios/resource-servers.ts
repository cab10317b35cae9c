import { randomUUID } from 'node:crypto'
import type { AdminStage } from '../../../support/admin.ts'
import type { Scenario } from '../../../support/admin-scenario.ts'
import { expectStatus } from './expect-status.ts'

const pathOf = (identifier: string) => `/v1/resource-servers/${encodeURIComponent(identifier)}`
const nobody = pathOf('https://nobody.example/')

async function made(stage: AdminStage, { builtIn = false } = {}): Promise<string> {
  const identifier = `https://${randomUUID()}.example/`
  await stage.database.prisma.resourceServer.create({
    data: { identifier, name: 'API', scopes: [], builtIn },
  })
  return identifier
}

const wording = { title: 'Your work address', description: 'Where the app writes to you' }
const unknownPlaces = ['scope/root/de', 'claim/sub/de', 'role/email/de', 'scope/email/tlh']

export const resourceServerScenarios: Record<string, Scenario> = {
  async listScopeWords(stage, token) {
    await expectStatus(200, stage.ask('/v1/scope-words', { token }))
  },
  async putScopeWords(stage, token) {
    const put = (place: string) =>
      stage.ask(`/v1/scope-words/${place}`, { method: 'PUT', token, json: wording })
    await expectStatus(200, put('scope/email/de'))
    await expectStatus(200, put('claim/name/default'))
    for (const place of unknownPlaces) await expectStatus(404, put(place))
  },
  async deleteScopeWords(stage, token) {
    const path = '/v1/scope-words/scope/profile/fr'
    await stage.ask(path, { method: 'PUT', token, json: wording })
    await expectStatus(204, stage.ask(path, { method: 'DELETE', token }))
    await expectStatus(404, stage.ask(path, { method: 'DELETE', token }))
  },
  async listResourceServers(stage, token) {
    await made(stage)
    await expectStatus(200, stage.ask('/v1/resource-servers', { token }))
  },
  async createResourceServer(stage, token) {
    const json = { identifier: 'https://api.shop.example/', name: 'Shop' }
    const create = () => stage.ask('/v1/resource-servers', { token, json })
    await expectStatus(201, create())
    await expectStatus(409, create())
  },
  async getResourceServer(stage, token) {
    await expectStatus(200, stage.ask(pathOf(await made(stage)), { token }))
    await expectStatus(404, stage.ask(nobody, { token }))
  },
  async updateResourceServer(stage, token) {
    const path = pathOf(await made(stage))
    const patch = (of: string, tag = '*') =>
      stage.ask(of, { method: 'PATCH', token, json: { name: 'New' }, headers: { 'if-match': tag } })
    await expectStatus(200, patch(path))
    await expectStatus(404, patch(nobody))
    await expectStatus(412, patch(path, '"stale"'))
    await expectStatus(409, patch(pathOf(await made(stage, { builtIn: true }))))
  },
  async deleteResourceServer(stage, token) {
    const path = pathOf(await made(stage))
    const remove = (of: string, tag = '*') =>
      stage.ask(of, { method: 'DELETE', token, headers: { 'if-match': tag } })
    await expectStatus(412, remove(path, '"stale"'))
    await expectStatus(204, remove(path))
    await expectStatus(404, remove(path))
    await expectStatus(409, remove(pathOf(await made(stage, { builtIn: true }))))
  },
}
