import type { Field, Group, Verb } from '../verb.ts'

const keys: Group = {
  name: 'keys',
  summary: 'the keys that sign ID tokens and JWT access tokens',
  verbs: [
    {
      usage: 'list',
      summary: 'list signing keys, newest first',
      example: 'cardea keys list',
      call: 'GET /signing-keys',
      columns: ['kid', 'alg', 'state', 'activate_at', 'retire_at'],
    },
    {
      usage: 'show <kid>',
      summary: 'show the public part of a signing key',
      example: 'cardea keys show q1bLkYh0mSWdC3zT7vN5xJ9aR2eUoFpG8iKtMwB4yZs',
      call: 'GET /signing-keys/:kid',
    },
    {
      usage: 'rotate',
      summary: 'announce a new key, which replaces the one that signs in ten minutes',
      example: 'cardea keys rotate --alg ES256',
      call: 'POST /signing-keys/rotate',
      fields: [
        {
          ...{ flags: '--alg <alg>', about: 'of this algorithm', name: 'alg' },
          ...{ choices: ['RS256', 'ES256', 'EdDSA'], required: true },
        },
        {
          flags: '--immediately',
          about: 'in fifteen seconds: for emergencies',
          name: 'immediately',
          value: true,
        },
      ],
      confirm: 'Replace the key that signs?',
    },
    {
      usage: 'retire <kid>',
      summary: 'take a key out of use at once; what it signed verifies no more',
      example: 'cardea keys retire q1bLkYh0mSWdC3zT7vN5xJ9aR2eUoFpG8iKtMwB4yZs --replace',
      call: 'POST /signing-keys/:kid/retire',
      fields: [
        { flags: '--replace', about: 'make a new key to sign in its place', name: 'replace', value: true },
        { flags: '--reason <text>', about: 'why; kept in the audit events', name: 'reason' },
      ],
      confirm: 'Nothing that % has signed will verify any more. Retire it?',
    },
  ],
}

const filters: readonly Field[] = [
  { flags: '--user <email-or-id>', about: 'about this user', name: 'user_id', kind: 'user' },
  { flags: '--client <client_id>', about: 'about this client', name: 'client_id' },
  { flags: '--grant <grant_id>', about: 'about this grant', name: 'grant_id' },
  { flags: '--session <session_id>', about: 'about this session', name: 'session_id' },
  { flags: '--by-user <email-or-id>', about: 'done by this user', name: 'actor_user_id', kind: 'user' },
  { flags: '--by-client <client_id>', about: 'done through this client', name: 'actor_client_id' },
  { flags: '--type <type>', about: 'of this type', name: 'type' },
  { flags: '--type-prefix <text>', about: 'of types that begin so: sign_in.', name: 'type_prefix' },
  { flags: '--from <time>', about: 'not before this time, or 24h for a day ago', name: 'from', kind: 'time' },
  { flags: '--to <time>', about: 'before this time', name: 'to', kind: 'time' },
  { flags: '--after-id <id>', about: 'only events with a greater id', name: 'after_id' },
]

const events: Group = {
  name: 'events',
  summary: 'audit events: what happened, by whom',
  verbs: [
    {
      usage: 'list',
      summary: 'list audit events, newest first',
      example: 'cardea events list --user ada@example.com --from 24h',
      call: 'GET /audit/events',
      columns: ['id', 'at', 'type', 'user_id', 'client_id', 'actor.via', 'actor.user_id', 'ip'],
      fields: [
        ...filters,
        { flags: '--order <order>', about: 'which first', name: 'order', choices: ['newest', 'oldest'] },
      ],
    },
    {
      usage: 'export',
      summary: 'print audit events as they are kept, one JSON object a line, the oldest first',
      example: 'cardea events export --from 30d --output events.ndjson',
      call: 'GET /audit/events.ndjson',
      fields: filters,
      streams: true,
    },
    {
      usage: 'head',
      summary: 'show the head of the hash chain, to be kept elsewhere',
      example: 'cardea events head --json',
      call: 'GET /audit/head',
    },
  ],
}

export const server: readonly Group[] = [keys, events]

export const single: readonly Verb[] = [
  {
    usage: 'statistics',
    summary: 'count users, clients, sessions, grants, tokens and sign-ins',
    example: 'cardea statistics --json',
    call: 'GET /statistics',
  },
]
