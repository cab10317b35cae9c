import { randomUUID } from 'node:crypto'
import type { AdminStage } from '../../../support/admin.ts'
import type { Scenario } from '../../../support/admin-scenario.ts'
import { expectStatus } from './expect-status.ts'

const nobody = `/v1/webhooks/${randomUUID()}`

async function made(stage: AdminStage, token: string): Promise<string> {
  const json = { url: 'https://hooks.example/cardea', event_types: ['user.*'] }
  const answer = await stage.ask('/v1/webhooks', { token, json })
  return `/v1/webhooks/${answer.json<{ webhook_id: string }>().webhook_id}`
}

export const webhookScenarios: Record<string, Scenario> = {
  async createWebhook(stage, token) {
    const create = (url: string) => stage.ask('/v1/webhooks', { token, json: { url } })
    await expectStatus(201, create('https://hooks.example/cardea'))
    await expectStatus(422, create('https://127.0.0.1/'))
  },
  async listWebhooks(stage, token) {
    await made(stage, token)
    await expectStatus(200, stage.ask('/v1/webhooks', { token }))
  },
  async getWebhook(stage, token) {
    await expectStatus(200, stage.ask(await made(stage, token), { token }))
    await expectStatus(404, stage.ask(nobody, { token }))
    await expectStatus(404, stage.ask('/v1/webhooks/nobody', { token }))
  },
  async updateWebhook(stage, token) {
    const path = await made(stage, token)
    const patch = (of: string, tag = '*') =>
      stage.ask(of, { method: 'PATCH', token, json: { disabled: true }, headers: { 'if-match': tag } })
    await expectStatus(200, patch(path))
    await expectStatus(404, patch(nobody))
    await expectStatus(412, patch(path, '"stale"'))
  },
  async deleteWebhook(stage, token) {
    const path = await made(stage, token)
    const remove = (of: string, tag = '*') =>
      stage.ask(of, { method: 'DELETE', token, headers: { 'if-match': tag } })
    await expectStatus(412, remove(path, '"stale"'))
    await expectStatus(204, remove(path))
    await expectStatus(404, remove(path))
  },
  async rotateWebhookSecret(stage, token) {
    const rotate = (path: string) => stage.ask(`${path}/secret`, { method: 'POST', token })
    await expectStatus(200, rotate(await made(stage, token)))
    await expectStatus(404, rotate(nobody))
  },
  async resumeWebhook(stage, token) {
    const path = await made(stage, token)
    const resume = (of: string) => stage.ask(`${of}/resume`, { method: 'POST', token })
    await expectStatus(404, resume(nobody))
    const disabled = await made(stage, token)
    const headers = { 'if-match': '*' }
    await stage.ask(disabled, { method: 'PATCH', token, json: { disabled: true }, headers })
    await expectStatus(409, resume(disabled))
    await expectStatus(200, resume(path))
  },
  async testWebhook(stage, token) {
    const ask = (path: string) => stage.ask(`${path}/test`, { method: 'POST', token })
    await expectStatus(404, ask(nobody))
    await expectStatus(202, ask(await made(stage, token)))
  },
  async listWebhookDeliveries(stage, token) {
    await expectStatus(200, stage.ask(`${await made(stage, token)}/deliveries`, { token }))
    await expectStatus(404, stage.ask(`${nobody}/deliveries`, { token }))
  },
}
