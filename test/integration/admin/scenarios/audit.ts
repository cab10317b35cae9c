import { expect } from '@jest/globals'
import { record, sealAll, signCheckpoint } from '../../../../src/audit/index.ts'
import type { Scenario } from '../../../support/admin-scenario.ts'

/** Gives 200, with an event in it. */
const reading =
  (path: string): Scenario =>
  async (stage, token) => {
    const actor = { via: 'admin_api', clientId: 'console', userId: 'boss', token: 'tok_x' } as const
    const about = { userId: 'u', clientId: 'c', grantId: 'g', sessionUid: 's', ip: '192.0.2.1' }
    await record(stage.database.prisma, { type: 'user.updated', ...about, actor })
    await sealAll(stage.database)
    await signCheckpoint(stage.database, () => Promise.resolve('signature'), { always: true })
    const answer = await stage.ask(path, { token })
    expect({ status: answer.status, empty: answer.text === '' }).toEqual({ status: 200, empty: false })
  }

export const auditScenarios: Record<string, Scenario> = {
  listAuditEvents: reading('/v1/audit/events'),
  exportAuditEvents: reading('/v1/audit/events.ndjson'),
  getAuditHead: reading('/v1/audit/head'),
}
