import { z } from 'zod'
import { record } from '../../audit/index.ts'
import type { Tx } from '../../db/index.ts'
import { discardJob, findJob, listJobs, queueStatistics, retryJob } from '../../queue/index.ts'
import type { ListedJob } from '../../queue/index.ts'
import { onePage } from '../frame/page.ts'
import { AdminProblem } from '../frame/problem.ts'
import { route } from '../frame/route.ts'
import type { Call, Route } from '../frame/route.ts'
import { idParams } from '../frame/schema.ts'
import { jobExample, jobSchema, showJob, stateSchema, taskStatisticsSchema } from './representation.ts'

const list = route({
  method: 'GET',
  path: '/jobs',
  operationId: 'listJobs',
  tag: 'Jobs',
  summary: 'List jobs that are not done',
  description:
    'Oldest first. `failed` ones were tried as often as they may be and are kept until somebody retries or discards them. What a job was told is not shown. Mails (`/v1/mails`), logout notices and webhooks wait in tables of their own, with their own attempts: a job there is a round through what waits.',
  scope: 'jobs:read',
  query: z.strictObject({ task: z.string().min(1).max(128).optional(), state: stateSchema.optional() }),
  paged: true,
  success: {
    status: 200,
    description: 'One page of jobs',
    schema: z.array(jobSchema),
    example: [jobExample],
  },
  async handler({ db, query: { task, state }, page: { after, limit } }) {
    const found = await listJobs(db, { task, state, after, limit: limit + 1 })
    const { rows, next } = onePage(found, limit, ({ id }) => id)
    return { body: rows.map(showJob), next }
  },
})

const statistics = route({
  method: 'GET',
  path: '/jobs/statistics',
  operationId: 'getJobStatistics',
  tag: 'Jobs',
  summary: 'Count jobs by their kind',
  description: 'Kinds without any are left out. `due` ones are part of the waiting.',
  scope: 'jobs:read',
  success: {
    status: 200,
    description: 'How the queue stands, each kind of job by itself',
    schema: z.strictObject({ items: z.array(taskStatisticsSchema) }).meta({ id: 'JobStatistics' }),
    example: {
      items: [{ task: 'mail.send', due: 1, waiting: 2, running: 1, failed: 0, oldest_seconds: 0.4 }],
    },
  },
  async handler({ db }) {
    const tasks = await queueStatistics(db)
    return {
      body: {
        items: tasks.map(({ oldestSeconds, runningSeconds: _, ...rest }) => ({
          ...rest,
          oldest_seconds: oldestSeconds,
        })),
      },
    }
  },
})

const retry = route({
  method: 'POST',
  path: '/jobs/:id/retry',
  operationId: 'retryJob',
  tag: 'Jobs',
  summary: 'Try a job again',
  description: 'One that waits or failed is due at once, with all its attempts before it.',
  scope: 'jobs:write',
  params: idParams,
  success: { status: 204, description: 'It is due' },
  problems: ['not_found', 'job_running'],
  async handler(call) {
    await change(call, 'job.retried', retryJob)
    return {}
  },
})

const discard = route({
  method: 'DELETE',
  path: '/jobs/:id',
  operationId: 'discardJob',
  tag: 'Jobs',
  summary: 'Give a job up',
  description:
    'It is not tried again. Recurring jobs, and rounds through things that still wait, are asked for anew within seconds.',
  scope: 'jobs:write',
  params: idParams,
  success: { status: 204, description: 'It is gone' },
  problems: ['not_found', 'job_running'],
  async handler(call) {
    await change(call, 'job.discarded', discardJob)
    return {}
  },
})

async function change(
  { db, params, actor, ip }: Call<z.output<typeof idParams>>,
  type: 'job.retried' | 'job.discarded',
  work: (db: Tx, id: string) => Promise<boolean>,
): Promise<void> {
  const job: ListedJob | null = await findJob(db, params.id)
  if (!job) throw new AdminProblem('not_found')
  if (!(await work(db, job.id))) throw new AdminProblem('job_running')
  await record(db, { type, actor, ip, detail: { job: job.id, task: job.task, attempts: job.attempts } })
}

export const jobRoutes: readonly Route[] = [list, statistics, retry, discard]
