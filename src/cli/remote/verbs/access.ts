import type { Group } from '../verb.ts'
import { ofClient, ofGrant, ofUser } from './fields.ts'

const grants: Group = {
  name: 'grants',
  summary: 'what users allowed which client',
  verbs: [
    {
      usage: 'list',
      summary: 'list grants in force',
      example: 'cardea grants list --user ada@example.com',
      call: 'GET /grants',
      columns: ['grant_id', 'user_id', 'client_id', 'scopes', 'created_at'],
      fields: [ofUser, ofClient],
    },
    {
      usage: 'show <grant>',
      summary: 'show a grant',
      example: 'cardea grants show vAXyQ2dD0m3yGqk8rZ5b1lJcT6fWn9sHhE4uPo7iKxM',
      call: 'GET /grants/:grant',
    },
    {
      usage: 'revoke <grant>',
      summary: 'end a grant and every token that hangs from it',
      example:
        'cardea grants revoke vAXyQ2dD0m3yGqk8rZ5b1lJcT6fWn9sHhE4uPo7iKxM --reason "not wanted any more"',
      call: 'POST /grants/:grant/revoke',
      revokes: true,
    },
  ],
}

const blocks: Group = {
  name: 'blocks',
  summary: 'who has to wait for too many failures',
  verbs: [
    {
      usage: 'list',
      summary: 'list what is blocked right now',
      example: 'cardea blocks list',
      call: 'GET /blocks',
      columns: ['block_id', 'kind', 'user_id', 'client_id', 'network', 'failures', 'until'],
    },
    {
      usage: 'lift <block>',
      summary: 'lift a block and forget the failures that led to it',
      example: 'cardea blocks lift 019aa0f4-7d3b-7c1e-8f2a-5b6c7d8e9f01',
      call: 'DELETE /blocks/:block',
      done: 'Lifted.',
    },
  ],
}

const sessions: Group = {
  name: 'sessions',
  summary: 'sign-ins of browsers',
  verbs: [
    {
      usage: 'list',
      summary: 'list sessions in force',
      example: 'cardea sessions list --user ada@example.com',
      call: 'GET /sessions',
      columns: ['session_id', 'user_id', 'amr', 'signed_in_at', 'last_seen_at'],
      fields: [ofUser],
    },
    {
      usage: 'show <session>',
      summary: 'show a session',
      example: 'cardea sessions show Yk1Qm8p0rV3sT5uW7xZ9a',
      call: 'GET /sessions/:session',
    },
    {
      usage: 'revoke <session>',
      summary: 'end a session and everything that was given in it',
      example: 'cardea sessions revoke Yk1Qm8p0rV3sT5uW7xZ9a --reason "left open in a library"',
      call: 'POST /sessions/:session/revoke',
      revokes: true,
    },
  ],
}

const tokens: Group = {
  name: 'tokens',
  summary: 'tokens by their handles; a value is only ever taken in, from standard input',
  verbs: [
    {
      usage: 'list',
      summary: 'list tokens in force, of a user, a client or a grant',
      example: 'cardea tokens list --user ada@example.com --client shop',
      call: 'GET /tokens',
      columns: ['handle', 'kind', 'client_id', 'audience', 'expires_at'],
      fields: [ofUser, ofClient, ofGrant],
    },
    {
      usage: 'show <handle>',
      summary: 'show a token',
      example: 'cardea tokens show tok_47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU',
      call: 'GET /tokens/:handle',
    },
    {
      usage: 'lookup',
      summary: 'say what the token on standard input is, and whether it is accepted',
      example: 'cardea tokens lookup < found-token.txt',
      call: 'POST /tokens/lookup',
      input: 'token',
    },
    {
      usage: 'revoke [handle]',
      summary: 'end a token and the grant that it hangs from; without a handle, the one on standard input',
      example: 'cardea tokens revoke --reason "found in a log" < found-token.txt',
      call: 'POST /tokens/revoke',
      input: 'token',
      revokes: true,
    },
  ],
}

export const access: readonly Group[] = [grants, sessions, tokens, blocks]
