import type { Field, Group } from '../verb.ts'

const fields: readonly Field[] = [
  {
    ...{
      flags: '--scopes <json>',
      about: 'its scopes: [{"name": …, "description": …, "descriptions": {"de": …}, "optional": true}]',
    },
    ...{ name: 'scopes', kind: 'json' },
  },
  {
    ...{ flags: '--format <format>', about: 'what its access tokens are', choices: ['opaque', 'jwt'] },
    name: 'access_token_format',
  },
  { flags: '--ttl <duration>', about: 'how long they live', name: 'access_token_ttl', kind: 'seconds' },
  { flags: '--client <client_id>', about: 'the client that it introspects as', name: 'client_id', none: '' },
  {
    ...{ flags: '--allow-long-lived', about: 'let JWTs live longer than ten minutes' },
    ...{ name: 'allow_long_lived', value: true },
  },
]

/** What scopes of OpenID and claims are called. */
export const scopeWords: Group = {
  name: 'scope-words',
  summary: 'what people read about scopes of OpenID and claims',
  verbs: [
    {
      usage: 'list',
      summary: "list what is said in the operator's words",
      example: 'cardea scope-words list',
      call: 'GET /scope-words',
      columns: ['kind', 'name', 'language', 'title', 'description'],
      paged: false,
    },
    {
      usage: 'set <kind> <name> <language>',
      summary: 'word a scope or claim, in a language of the pages or by default',
      example: `cardea scope-words set scope email de --title "Ihre Dienstadresse" \\
      --description "Unter ihr schreibt Ihnen die App"`,
      call: 'PUT /scope-words/:kind/:name/:language',
      fields: [
        { flags: '--title <text>', about: 'a few words', name: 'title', required: true },
        { flags: '--description <text>', about: 'one sentence', name: 'description', required: true },
      ],
      done: 'Said in your words.',
    },
    {
      usage: 'delete <kind> <name> <language>',
      summary: 'take your own words back',
      example: 'cardea scope-words delete scope email de',
      call: 'DELETE /scope-words/:kind/:name/:language',
      done: 'Taken back.',
    },
  ],
}

export const resources: Group = {
  name: 'resources',
  summary: 'APIs that accept our tokens, through the admin API',
  verbs: [
    {
      usage: 'list',
      summary: 'list resource servers in the order of their identifiers',
      example: 'cardea resources list',
      call: 'GET /resource-servers',
      columns: ['identifier', 'name', 'access_token_format', 'access_token_ttl', 'client_id'],
    },
    {
      usage: 'show <identifier>',
      summary: 'show a resource server and its scopes',
      example: 'cardea resources show https://api.shop.example/',
      call: 'GET /resource-servers/:identifier',
    },
    {
      usage: 'create <identifier>',
      summary: 'register a resource server by its resource indicator (RFC 8707)',
      example: `cardea resources create https://api.shop.example/ --name Shop \\
      --scopes '[{"name":"orders:read","description":"See your orders","optional":true}]'`,
      call: 'POST /resource-servers',
      data: true,
      fields: [{ flags: '--name <name>', about: 'what people see', name: 'name', required: true }, ...fields],
      done: 'Registered %.',
    },
    {
      usage: 'update <identifier>',
      summary: 'change a resource server',
      example: 'cardea resources update https://api.shop.example/ --format jwt --ttl 5m',
      call: 'PATCH /resource-servers/:identifier',
      ifMatch: true,
      data: true,
      fields: [{ flags: '--name <name>', about: 'what people see', name: 'name' }, ...fields],
      done: 'Changed %.',
    },
    {
      usage: 'delete <identifier>',
      summary: 'delete a resource server',
      example: 'cardea resources delete https://api.shop.example/',
      call: 'DELETE /resource-servers/:identifier',
      ifMatch: true,
      confirm: 'Delete % for good?',
      done: 'Deleted %.',
    },
  ],
}
