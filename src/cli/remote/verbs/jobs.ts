import type { Group } from '../verb.ts'

export const jobs: Group = {
  name: 'jobs',
  summary: 'the queue: work that must happen, and not at once',
  verbs: [
    {
      usage: 'list',
      summary: 'list jobs that are not done, oldest first',
      example: 'cardea jobs list --state failed',
      call: 'GET /jobs',
      columns: ['job_id', 'task', 'state', 'attempts', 'run_at', 'last_error'],
      fields: [
        { flags: '--task <task>', about: 'of this kind: mail.send', name: 'task' },
        {
          ...{ flags: '--state <state>', about: 'in this state', name: 'state' },
          choices: ['waiting', 'running', 'failed'],
        },
      ],
    },
    {
      usage: 'status',
      summary: 'count jobs by their kind, and say how long the oldest due one waits',
      example: 'cardea jobs status',
      call: 'GET /jobs/statistics',
      columns: ['task', 'due', 'waiting', 'running', 'failed', 'oldest_seconds'],
      paged: false,
    },
    {
      usage: 'retry <job>',
      summary: 'try a job again now, with all its attempts before it',
      example: 'cardea jobs retry 4711',
      call: 'POST /jobs/:job/retry',
      done: 'It is due.',
    },
    {
      usage: 'discard <job>',
      summary: 'give a job up for good',
      example: 'cardea jobs discard 4711',
      call: 'DELETE /jobs/:job',
      confirm: 'Job % will not be tried again. Discard it?',
      done: 'Discarded.',
    },
  ],
}
