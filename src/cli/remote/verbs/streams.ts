import type { Group } from '../verb.ts'

const STREAM = '019aa0f4-7d3b-7c1e-8f2a-5b6c7d8e9f01'

export const streams: Group = {
  name: 'streams',
  summary: 'who hears of security events, and how far behind they are',
  verbs: [
    {
      usage: 'list',
      summary: 'list streams with what waits in them and what went wrong',
      example: 'cardea streams list',
      call: 'GET /streams',
      columns: ['stream_id', 'client_id', 'method', 'status', 'waiting', 'behind', 'last_error'],
    },
    {
      usage: 'show <stream>',
      summary: 'show a stream',
      example: `cardea streams show ${STREAM}`,
      call: 'GET /streams/:stream',
    },
    {
      usage: 'set-status <stream>',
      summary: 'pause, disable or enable a stream; its receiver is told, and cannot undo it',
      example: `cardea streams set-status ${STREAM} --status paused --reason "until noon"`,
      call: 'POST /streams/:stream/status',
      fields: [
        {
          ...{ flags: '--status <status>', about: 'paused: events wait; disabled: they are not for it' },
          ...{ name: 'status', choices: ['enabled', 'paused', 'disabled'], required: true },
        },
        { flags: '--reason <text>', about: 'its receiver reads it', name: 'reason' },
      ],
    },
    {
      usage: 'delete <stream>',
      summary: 'delete a stream with what waits in it',
      example: `cardea streams delete ${STREAM}`,
      call: 'DELETE /streams/:stream',
      confirm: 'Delete %?',
      done: 'Deleted.',
    },
  ],
}
