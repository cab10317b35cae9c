import { z } from 'zod'
import { defineTask, enqueue, listJobs } from '../../../../src/queue/index.ts'
import type { AdminStage } from '../../../support/admin.ts'
import type { Scenario } from '../../../support/admin-scenario.ts'
import { expectStatus } from './expect-status.ts'

const nobodys = defineTask('test.nobodys', z.strictObject({}))

/** A job that nobody does; gives its id. */
async function job({ database: { prisma, pool } }: AdminStage, state?: 'running'): Promise<string> {
  await enqueue(prisma, nobodys, {})
  const found = await listJobs(prisma, { task: nobodys.name, limit: 1000 })
  const id = found.at(-1)?.id ?? ''
  if (state)
    await pool.query(
      `UPDATE graphile_worker._private_jobs SET locked_at = now(), locked_by = 'somebody' WHERE id = $1`,
      [id],
    )
  return id
}

export const jobScenarios: Record<string, Scenario> = {
  async listJobs(stage, token) {
    await job(stage)
    await expectStatus(200, stage.ask('/v1/jobs', { token }))
    await expectStatus(200, stage.ask('/v1/jobs?state=failed&task=mail.send', { token }))
  },
  async getJobStatistics(stage, token) {
    await job(stage)
    await expectStatus(200, stage.ask('/v1/jobs/statistics', { token }))
  },
  async retryJob(stage, token) {
    const retry = (id: string) => stage.ask(`/v1/jobs/${id}/retry`, { method: 'POST', token })
    await expectStatus(204, retry(await job(stage)))
    await expectStatus(409, retry(await job(stage, 'running')))
    await expectStatus(404, retry('999999999999'))
    await expectStatus(404, retry('99999999999999999999'))
    await expectStatus(404, retry('nobody'))
  },
  async discardJob(stage, token) {
    const discard = (id: string) => stage.ask(`/v1/jobs/${id}`, { method: 'DELETE', token })
    const id = await job(stage)
    await expectStatus(204, discard(id))
    await expectStatus(404, discard(id))
    await expectStatus(409, discard(await job(stage, 'running')))
  },
}
