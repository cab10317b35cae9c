import type { Command } from 'commander'
import { columns } from '../terminal.ts'
import type { Terminal } from '../terminal.ts'
import { addVerb } from '../verb.ts'
import type { VerbOptions } from '../verb.ts'
import { addApiOption, apiAddress } from './address.ts'
import type { ApiOptions } from './address.ts'
import { createApi } from './api.ts'
import { MACHINE_HELP, machineOf, machineToken } from './machine.ts'
import { Refusal } from '../refusal.ts'
import { show } from './show.ts'
import { currentSignIn } from './sign-in.ts'

type Person = { id: string; email: string | null; role: string | null }

/** `cardea whoami`: as whom commands act, asked of the API and not of what is kept here. */
export function addWhoami(program: Command, terminal: Terminal): void {
  const command = addVerb(program, {
    usage: 'whoami',
    summary: 'say as whom commands act, and what they may do',
    example: 'cardea whoami --json',
  })
  addApiOption(command).addHelpText('after', MACHINE_HELP)
  command.action(async (options: VerbOptions & ApiOptions) => {
    const api = apiAddress(terminal, options)
    const found = await find(terminal, api)
    const scopes = found.scope.split(' ').filter(Boolean)
    const { issuer, clientId: client_id, user, expiresAt: expires_at } = found
    show(terminal, options.json, { api, issuer, client_id, user, scopes, expires_at }, () =>
      columns([
        ['api', api],
        ['issuer', issuer],
        ['client', client_id],
        ...(user ? [['user', user.email === null ? user.id : `${user.email}  (${user.id})`]] : []),
        ...(user?.email ? [['role', user.role ?? 'none']] : []),
        ['may', scopes.join(' ') || 'nothing'],
        ['token until', `${expires_at}, renewed by itself`],
      ]),
    )
  })
}

async function find(terminal: Terminal, api: string) {
  const machine = machineOf(terminal)
  if (machine) {
    const { issuer, scope, expiresAt } = await machineToken(machine, api)
    return { issuer, scope, clientId: machine.clientId, user: null, expiresAt: expiresAt.toISOString() }
  }
  const { subject } = await currentSignIn(terminal, api)
  const user = await readPerson(terminal, api, subject)
  const { issuer, scope, client_id, expires_at } = await currentSignIn(terminal, api)
  return { issuer, scope, clientId: client_id, user, expiresAt: expires_at }
}

/** Without a role, or the scope, somebody may not even look at themselves here. */
async function readPerson(terminal: Terminal, api: string, id: string): Promise<Person> {
  try {
    const { body } = await createApi(terminal, api).ask({ method: 'GET', path: `/v1/users/${id}` })
    const { email, role } = body as Person
    return { id, email, role }
  } catch (error) {
    if (error instanceof Refusal && error.reason === 'forbidden') return { id, email: null, role: null }
    throw error
  }
}
