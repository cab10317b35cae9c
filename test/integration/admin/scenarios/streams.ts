import { randomUUID } from 'node:crypto'
import { createClient } from '../../../../src/clients/index.ts'
import { createStream } from '../../../../src/receivers/index.ts'
import { createSealer } from '../../../../src/crypto/index.ts'
import type { AdminStage } from '../../../support/admin.ts'
import type { Scenario } from '../../../support/admin-scenario.ts'
import { expectStatus } from './expect-status.ts'

/** A polled stream of a new client; gives its path. */
async function made({ database }: AdminStage): Promise<string> {
  const clientId = `siem-${randomUUID()}`
  const metadata = { redirect_uris: [], grant_types: ['client_credentials'], scope: 'ssf.manage' }
  const client = await createClient(database.prisma, { id: clientId, name: 'SIEM', metadata })
  if (!client.ok) throw new Error(JSON.stringify(client))
  const made = await database.transaction((tx) =>
    createStream(
      { tx, sealer: createSealer([Buffer.alloc(32)]) },
      {
        ...{ clientId, delivery: { method: 'poll' }, eventsRequested: [], description: null },
        defaultSubjects: 'ALL',
      },
    ),
  )
  if (!made.ok) throw new Error(made.reason)
  return `/v1/streams/${made.stream.id}`
}

const nobody = '/v1/streams/nobody'

export const streamScenarios: Record<string, Scenario> = {
  async listStreams(stage, token) {
    await made(stage)
    await expectStatus(200, stage.ask('/v1/streams', { token }))
  },
  async getStream(stage, token) {
    await expectStatus(200, stage.ask(await made(stage), { token }))
    await expectStatus(404, stage.ask(nobody, { token }))
  },
  async setStreamStatus(stage, token) {
    const path = await made(stage)
    const json = { status: 'paused', reason: 'maintenance' }
    await expectStatus(200, stage.ask(`${path}/status`, { token, json }))
    await expectStatus(404, stage.ask(`${nobody}/status`, { token, json }))
  },
  async deleteStream(stage, token) {
    const path = await made(stage)
    await expectStatus(204, stage.ask(path, { method: 'DELETE', token }))
    await expectStatus(404, stage.ask(path, { method: 'DELETE', token }))
  },
}
