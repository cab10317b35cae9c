import type { Group } from '../verb.ts'

export const revocations: Group = {
  name: 'revocations',
  summary: 'ending access by any selector, and the receipts of it',
  verbs: [
    {
      usage: 'list',
      summary: 'list revocations, newest first',
      example: 'cardea revocations list --limit 20',
      call: 'GET /revocations',
      columns: ['id', 'created_at', 'state', 'selector', 'reason', 'actor.via'],
    },
    {
      usage: 'show <revocation>',
      summary: 'show a receipt: what ended, who has been told, who asked and why',
      example: 'cardea revocations show 5f0c1f0e-0f6b-4c3a-9a53-6f3f8a0b2d11',
      call: 'GET /revocations/:revocation',
    },
    {
      usage: 'create',
      summary:
        'end access by a selector: a user, a client, both together, a session, a grant, a token, a key, everything',
      example:
        'cardea revocations create --user ada@example.com --client shop --reason "asked for it" --dry-run',
      call: 'POST /revocations',
      revokes: true,
      fields: [
        { flags: '--user <email-or-id>', about: 'of this user', name: 'user_id', kind: 'user' },
        {
          flags: '--client <client_id>',
          about: 'of this client; with --user, of this client for this user',
          name: 'client_id',
        },
        { flags: '--session <session_id>', about: 'of this session', name: 'session_id' },
        { flags: '--grant <grant_id>', about: 'of this grant', name: 'grant_id' },
        { flags: '--token <handle>', about: 'of the token with this handle', name: 'token' },
        {
          flags: '--signing-key <kid>',
          about: 'every JWT access token signed with this key',
          name: 'signing_key',
        },
        { flags: '--everything', about: 'everything of everybody', name: 'everything', value: true },
        {
          ...{
            flags: '--issued-before <time>',
            about: 'only what was issued before this time, or 24h for a day ago',
          },
          ...{ name: 'issued_before', kind: 'time' },
        },
      ],
    },
  ],
}
