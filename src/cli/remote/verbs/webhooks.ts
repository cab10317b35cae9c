import type { Field, Group } from '../verb.ts'

const fields: readonly Field[] = [
  {
    flags: '--type <type>',
    about: 'user.disabled, user.* or *; may be repeated',
    name: 'event_types',
    many: true,
  },
  { flags: '--description <text>', about: 'what it is for', name: 'description' },
]
const id = '019aa0f4-7d3b-7c1e-8f2a-5b6c7d8e9f01'

export const webhooks: Group = {
  name: 'webhooks',
  summary: 'addresses that are told what happens',
  verbs: [
    {
      usage: 'list',
      summary: 'list webhooks',
      example: 'cardea webhooks list',
      call: 'GET /webhooks',
      columns: ['webhook_id', 'url', 'event_types', 'status', 'failing_since', 'next_attempt_at'],
    },
    {
      usage: 'show <webhook_id>',
      summary: 'show a webhook and how it does',
      example: `cardea webhooks show ${id}`,
      call: 'GET /webhooks/:webhook_id',
    },
    {
      usage: 'create <url>',
      summary: 'register an address; prints its secret, this once',
      example:
        "cardea webhooks create https://shop.example/cardea-events --type 'user.*' --type access.revoked",
      call: 'POST /webhooks',
      fields,
      done: 'Registered %.',
    },
    {
      usage: 'update <webhook_id>',
      summary: 'change, disable or enable a webhook',
      example: `cardea webhooks update ${id} --disable`,
      call: 'PATCH /webhooks/:webhook_id',
      ifMatch: true,
      fields: [
        { flags: '--url <url>', about: 'another address', name: 'url' },
        ...fields,
        { flags: '--disable', about: 'tell it nothing', name: 'disabled', value: true },
        {
          flags: '--enable',
          about: 'tell it again what happens, and what it missed',
          name: 'disabled',
          value: false,
        },
        {
          flags: '--skip-missed',
          about: 'leave out what it has still to hear',
          name: 'skip_missed',
          value: true,
        },
      ],
      done: 'Changed %.',
    },
    {
      usage: 'rotate-secret <webhook_id>',
      summary: 'replace the secret that messages are signed with',
      example: `cardea webhooks rotate-secret ${id} --overlap 1d`,
      call: 'POST /webhooks/:webhook_id/secret',
      fields: [
        {
          ...{ flags: '--overlap <duration>', about: 'sign with the old one too for so long (1d)' },
          ...{ name: 'overlap_seconds', kind: 'seconds' },
        },
      ],
    },
    {
      usage: 'test <webhook_id>',
      summary: 'send it a message of type webhook.test; what comes of it is among the deliveries',
      example: `cardea webhooks test ${id}`,
      call: 'POST /webhooks/:webhook_id/test',
    },
    {
      usage: 'deliveries <webhook_id>',
      summary: 'list attempts to deliver to it, newest first',
      example: `cardea webhooks deliveries ${id}`,
      call: 'GET /webhooks/:webhook_id/deliveries',
      columns: ['at', 'message_id', 'event_type', 'status', 'error', 'duration_ms'],
    },
    {
      usage: 'resume <webhook_id>',
      summary: 'go on with one that is paused, failing or was disabled by a 410, from where it was',
      example: `cardea webhooks resume ${id}`,
      call: 'POST /webhooks/:webhook_id/resume',
    },
    {
      usage: 'delete <webhook_id>',
      summary: 'delete a webhook, its secrets and its log',
      example: `cardea webhooks delete ${id}`,
      call: 'DELETE /webhooks/:webhook_id',
      ifMatch: true,
      confirm: 'Delete % for good?',
      done: 'Deleted %.',
    },
  ],
}
