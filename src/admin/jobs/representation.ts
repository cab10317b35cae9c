import { z } from 'zod'
import type { ListedJob } from '../../queue/index.ts'
import { instant } from '../frame/schema.ts'

const count = z.int().min(0)

export const stateSchema = z.enum(['waiting', 'running', 'failed'])

export const jobSchema = z
  .strictObject({
    job_id: z.string(),
    task: z
      .string()
      .meta({ description: 'Its kind: `mail.send`, `logout.deliver`, `webhooks.push`, `sweep` …' }),
    state: stateSchema,
    attempts: count,
    max_attempts: count,
    created_at: instant,
    run_at: instant.meta({ description: 'When it is due, or was.' }),
    last_error: z.string().nullable(),
  })
  .meta({ id: 'Job' })

export const taskStatisticsSchema = z.strictObject({
  task: z.string(),
  due: count,
  waiting: count,
  running: count,
  failed: count,
  oldest_seconds: z
    .number()
    .min(0)
    .meta({ description: 'For how long the oldest due one has waited to be begun.' }),
})

export function showJob(job: ListedJob): z.output<typeof jobSchema> {
  const { id, task, state, attempts, maxAttempts, createdAt, runAt, lastError } = job
  return {
    ...{ job_id: id, task, state, attempts, max_attempts: maxAttempts, last_error: lastError },
    created_at: createdAt.toISOString(),
    run_at: runAt.toISOString(),
  }
}

export const jobExample = {
  job_id: '4711',
  task: 'webhooks.push',
  state: 'waiting' as const,
  attempts: 1,
  max_attempts: 32000,
  created_at: '2026-11-21T09:30:00.000Z',
  run_at: '2026-11-21T09:30:07.000Z',
  last_error: 'the job took too long',
}
