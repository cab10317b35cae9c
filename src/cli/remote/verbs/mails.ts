import type { Group } from '../verb.ts'

export const mails: Group = {
  name: 'mails',
  summary: 'who was written to, and what could not be sent',
  verbs: [
    {
      usage: 'list',
      summary: 'list mails of the last week, newest first',
      example: 'cardea mails list --state failed',
      call: 'GET /mails',
      columns: [
        ...['mail_id', 'template', 'recipient', 'state', 'attempts', 'created_at'],
        ...['last_error', 'retryable_until'],
      ],
      fields: [
        {
          ...{ flags: '--state <state>', about: 'only these', name: 'state' },
          choices: ['queued', 'sent', 'failed'],
        },
      ],
    },
    {
      usage: 'retry <mail>',
      summary: 'send a mail after all that was given up',
      example: 'cardea mails retry 0c0f3f9e-6a1d-4f3c-9a53-2f5f2f1f7a11',
      call: 'POST /mails/:mail/retry',
      done: 'It is queued.',
    },
    {
      usage: 'discard <mail>',
      summary: 'give a mail up for good, and erase what it says',
      example: 'cardea mails discard 0c0f3f9e-6a1d-4f3c-9a53-2f5f2f1f7a11',
      call: 'DELETE /mails/:mail',
      confirm: 'Mail % will never be sent. Discard it?',
      done: 'Discarded.',
    },
  ],
}
