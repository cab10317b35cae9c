import type { Command } from 'commander'
import { listClients } from '../../clients/index.ts'
import { columns, print } from '../terminal.ts'
import type { Terminal } from '../terminal.ts'
import { addVerb } from '../verb.ts'
import type { VerbOptions } from '../verb.ts'
import { withDatabase } from '../with-database.ts'
import { documentOf } from './document.ts'

/** `cardea client list`: all clients by name. */
export function addList(clients: Command, terminal: Terminal): void {
  addVerb(clients, {
    usage: 'list',
    summary: 'list clients by name (at most 1000)',
    example: 'cardea client list --json',
  }).action(async ({ json }: VerbOptions) => {
    await withDatabase(terminal, async ({ prisma }) => {
      const clients = await listClients(prisma)
      const rows = clients.map(({ id, name, metadata }) => [
        id,
        name,
        metadata.token_endpoint_auth_method,
        metadata.grant_types.join(' '),
      ])
      print(
        terminal,
        json,
        { clients: clients.map(documentOf) },
        columns([['client_id', 'name', 'authentication', 'grant types'], ...rows]),
      )
    })
  })
}
