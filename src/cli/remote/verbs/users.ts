import type { Field, Group } from '../verb.ts'
import { ofClient } from './fields.ts'

const ROLES = ['owner', 'operator', 'auditor']
const reason: Field = { flags: '--reason <text>', about: 'why; kept in the audit events', name: 'reason' }
const name: Field = {
  flags: '--name <name>',
  about: 'the name that apps may ask for',
  name: 'name',
  none: '',
}
const verified: Field = {
  ...{ flags: '--email-verified', about: 'the address is known to be theirs' },
  ...{ name: 'email_verified', value: true },
}

const link: Field = {
  ...{ flags: '--link', about: 'no mail: show the link, to be handed over (good for a day, or an hour)' },
  ...{ name: 'deliver', value: 'link' },
}

export const users: Group = {
  name: 'users',
  summary: 'people who can sign in, through the admin API',
  verbs: [
    {
      usage: 'list',
      summary: 'list users in the order of their creation',
      example: 'cardea users list --status disabled --email ada@',
      call: 'GET /users',
      columns: ['id', 'email', 'role', 'status', 'created_at'],
      fields: [
        { flags: '--email <text>', about: 'only addresses that begin with this', name: 'email' },
        { flags: '--status <status>', about: 'only these', name: 'status', choices: ['active', 'disabled'] },
        { flags: '--role <role>', about: 'only these', name: 'role', choices: ROLES },
      ],
    },
    {
      usage: 'show <user>',
      summary: 'show a user',
      example: 'cardea users show ada@example.com',
      call: 'GET /users/:user',
    },
    {
      usage: 'create <email>',
      summary: 'create a user, who needs a link to set a password: see invite',
      example: 'cardea users create ada@example.com --name "Ada Lovelace"',
      call: 'POST /users',
      fields: [
        name,
        { flags: '--role <role>', about: 'a part in running this server', name: 'role', choices: ROLES },
        verified,
      ],
      done: 'Created the user %.',
    },
    {
      usage: 'update <user>',
      summary: 'change a user',
      example: 'cardea users update ada@example.com --role operator',
      call: 'PATCH /users/:user',
      ifMatch: true,
      fields: [
        name,
        { flags: '--email <email>', about: 'another address', name: 'email' },
        verified,
        {
          ...{ flags: '--role <role>', about: 'a part in running this server, or none', name: 'role' },
          ...{ choices: [...ROLES, 'none'], none: 'none' },
        },
      ],
      done: 'Changed the user %.',
    },
    {
      usage: 'disable <user>',
      summary: 'disable a user and end all their access',
      example: 'cardea users disable ada@example.com --reason "left the company"',
      call: 'POST /users/:user/disable',
      fields: [reason],
      confirm: 'Disable % and end all their access?',
      done: 'Disabled %.',
    },
    {
      usage: 'enable <user>',
      summary: 'let a disabled user sign in again',
      example: 'cardea users enable ada@example.com',
      call: 'POST /users/:user/enable',
      done: 'Enabled %. What had ended stays ended.',
    },
    {
      usage: 'delete <user>',
      summary: 'delete a user and end all their access',
      example: 'cardea users delete ada@example.com',
      call: 'DELETE /users/:user',
      ifMatch: true,
      confirm: 'Delete % for good and end all their access?',
      done: 'Deleted %.',
    },
    {
      usage: 'factors <user>',
      summary: 'show what a user can prove a sign-in with besides the password',
      example: 'cardea users factors ada@example.com',
      call: 'GET /users/:user/factors',
    },
    {
      usage: 'reset-factor <user>',
      summary: 'remove the authenticator of a user who lost it, and end all their access',
      example: 'cardea users reset-factor ada@example.com',
      call: 'DELETE /users/:user/factors/totp',
      confirm: 'Are you sure who asks? Remove the authenticator of % and end all their access?',
      done: 'Removed the authenticator of %. The next sign-in sets up another.',
    },
    {
      usage: 'invite <user>',
      summary: 'mail a new user the link to set a password, good for three days',
      example: 'cardea users invite ada@example.com',
      call: 'POST /users/:user/invite',
      fields: [link],
      done: 'Invited %. The link went out by mail; with --link it stands below, yours to hand over: it works once and is shown this once.',
    },
    {
      usage: 'reset-password <user>',
      summary: 'mail a user the link to set a new password, good for an hour',
      example: 'cardea users reset-password ada@example.com --link',
      call: 'POST /users/:user/password-reset',
      fields: [link],
      done: 'Nothing of % changes before they use the link. It went out by mail; with --link it stands below, yours to hand over: it works once and is shown this once.',
    },
    {
      usage: 'unlock <user>',
      summary: "forget the failed attempts on a user's password and codes",
      example: 'cardea users unlock ada@example.com',
      call: 'POST /users/:user/unlock',
      done: 'Unlocked %.',
    },
    {
      usage: 'browsers <user>',
      summary: 'list the browsers a user signed in from',
      example: 'cardea users browsers ada@example.com',
      call: 'GET /users/:user/browsers',
      columns: ['browser_id', 'user_agent', 'ip', 'last_used_at', 'skips_factor_until'],
      paged: false,
    },
    {
      usage: 'forget-browser <user> <browser>',
      summary: 'ask a browser of a user for everything again',
      example: 'cardea users forget-browser ada@example.com 019aa0f4-7d3b-7c1e-8f2a-5b6c7d8e9f01',
      call: 'DELETE /users/:user/browsers/:browser',
      done: 'The browser is not known any more.',
    },
    {
      usage: 'consents <user>',
      summary: 'list what a user decided on consent pages',
      example: 'cardea users consents ada@example.com --client shop',
      call: 'GET /users/:user/consents',
      columns: ['decided_at', 'client_id', 'granted', 'refused', 'withdrawn_at'],
      fields: [ofClient],
    },
    {
      usage: 'timeline <user>',
      summary: 'tell what happened to a user, by grant: sign-in, consent, tokens, end',
      example: 'cardea users timeline ada@example.com --json',
      call: 'GET /users/:user/timeline',
      columns: ['grant_id', 'client_id', 'events'],
    },
    {
      usage: 'revoke <user>',
      summary: 'end all access of a user: sessions, grants, codes, tokens',
      example: 'cardea users revoke ada@example.com --reason "laptop stolen" --dry-run',
      call: 'POST /users/:user/revoke',
      revokes: true,
    },
  ],
}
