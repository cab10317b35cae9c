import type { Field, Group } from '../verb.ts'

const GRANT_TYPES = [
  'authorization_code',
  'refresh_token',
  'client_credentials',
  'urn:ietf:params:oauth:grant-type:device_code',
]
const AUTH_METHODS = ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none']

/** RFC 7591 names, with an option for those that most clients need; the others go into --data. */
const metadata: readonly Field[] = [
  {
    ...{ flags: '--redirect-uri <uri>', about: 'where codes may be sent; may be repeated' },
    ...{ name: 'redirect_uris', many: true },
  },
  {
    ...{
      flags: '--post-logout-redirect-uri <uri>',
      about: 'where browsers may go after signing out; may be repeated',
    },
    ...{ name: 'post_logout_redirect_uris', many: true },
  },
  {
    ...{ flags: '--grant-type <type>', about: `${GRANT_TYPES.join(', ')}; may be repeated` },
    ...{ name: 'grant_types', many: true },
  },
  {
    ...{ flags: '--auth-method <method>', about: 'how it authenticates', choices: AUTH_METHODS },
    name: 'token_endpoint_auth_method',
  },
  {
    ...{ flags: '--application-type <type>', about: 'native ones get any port on loopback' },
    ...{ name: 'application_type', choices: ['web', 'native'] },
  },
  {
    flags: '--scope <scopes>',
    about: 'scopes it may ask for, separated by spaces',
    name: 'scope',
    kind: 'scopes',
  },
  { flags: '--jwks-file <file>', about: 'its public keys, a JWK set', name: 'jwks', kind: 'file' },
  { flags: '--jwks-uri <uri>', about: 'where its public keys are published', name: 'jwks_uri' },
  {
    ...{ flags: '--logout-uri <uri>', about: 'where it is told that a session ended; "" for nowhere' },
    ...{ name: 'backchannel_logout_uri', none: '' },
  },
  {
    ...{ flags: '--first-party', about: 'one of our own: its users are not asked for consent' },
    ...{ name: 'first_party', value: true },
  },
  {
    ...{ flags: '--verified', about: 'you know who runs it; people are told so' },
    ...{ name: 'verified', value: true },
  },
  {
    ...{ flags: '--logo-uri <uri>', about: 'where its logo is fetched from; "" for none' },
    ...{ name: 'logo_uri', none: '' },
  },
]

export const clients: Group = {
  name: 'clients',
  summary: 'apps and machines that ask for tokens, through the admin API',
  verbs: [
    {
      usage: 'list',
      summary: 'list clients in the order of their ids',
      example: 'cardea clients list --all',
      call: 'GET /clients',
      columns: ['client_id', 'client_name', 'token_endpoint_auth_method', 'status', 'created_at'],
    },
    {
      usage: 'show <client>',
      summary: 'show a client',
      example: 'cardea clients show shop',
      call: 'GET /clients/:client',
    },
    {
      usage: 'create <client_name>',
      summary: 'register a client, and print its secret this once',
      example: `cardea clients create Shop --redirect-uri https://shop.example/callback \\
      --grant-type authorization_code --grant-type refresh_token`,
      call: 'POST /clients',
      data: true,
      fields: [
        {
          flags: '--id <client_id>',
          about: 'an id of your choice instead of a random one',
          name: 'client_id',
        },
        ...metadata,
      ],
      done: 'Registered the client %. If it has a secret, it is shown this once.',
    },
    {
      usage: 'update <client>',
      summary: 'change a client; an option that may be repeated replaces the whole list',
      example: `cardea clients update shop --redirect-uri https://shop.example/cb --data '{"client_uri":null}'`,
      call: 'PATCH /clients/:client',
      ifMatch: true,
      data: true,
      fields: [{ flags: '--name <client_name>', about: 'another name', name: 'client_name' }, ...metadata],
      done: 'Changed the client %.',
    },
    {
      usage: 'logouts <client>',
      summary: 'list what a client was told of ended sessions, and what came of it',
      example: 'cardea clients logouts shop --state failed',
      call: 'GET /clients/:client/logout-notices',
      columns: ['created_at', 'user_id', 'state', 'attempts', 'error'],
      fields: [
        {
          ...{ flags: '--state <state>', about: 'only these', name: 'state' },
          choices: ['queued', 'delivered', 'failed'],
        },
      ],
    },
    {
      usage: 'retry-logouts <client>',
      summary: 'tell a client again what it could not be told',
      example: 'cardea clients retry-logouts shop',
      call: 'POST /clients/:client/logout-notices/retry',
    },
    {
      usage: 'logo <client>',
      summary: "see what became of a client's logo",
      example: 'cardea clients logo shop',
      call: 'GET /clients/:client/logo',
    },
    {
      usage: 'rotate-secret <client>',
      summary: "replace a client's secret, and print the new one this once",
      example: 'cardea clients rotate-secret shop --overlap 24h',
      call: 'POST /clients/:client/secret',
      fields: [
        {
          ...{ flags: '--overlap <duration>', about: 'how long the old one is accepted too, at most 30d' },
          ...{ name: 'overlap_seconds', kind: 'seconds' },
        },
      ],
      done: 'The new secret of % is shown this once.',
    },
    {
      usage: 'disable <client>',
      summary: 'disable a client and end all its access',
      example: 'cardea clients disable shop --reason "its secret was published"',
      call: 'POST /clients/:client/disable',
      fields: [{ flags: '--reason <text>', about: 'why; kept in the audit events', name: 'reason' }],
      confirm: 'Disable % and end all its access?',
      done: 'Disabled %.',
    },
    {
      usage: 'enable <client>',
      summary: 'let a disabled client ask for tokens again',
      example: 'cardea clients enable shop',
      call: 'POST /clients/:client/enable',
      done: 'Enabled %. What had ended stays ended.',
    },
    {
      usage: 'delete <client>',
      summary: 'delete a client and end all its access',
      example: 'cardea clients delete shop',
      call: 'DELETE /clients/:client',
      ifMatch: true,
      confirm: 'Delete % for good and end all its access?',
      done: 'Deleted %.',
    },
    {
      usage: 'revoke <client>',
      summary: 'end all access of a client, for every user and its own',
      example: 'cardea clients revoke shop --reason "the shop was broken into"',
      call: 'POST /clients/:client/revoke',
      revokes: true,
    },
  ],
}
