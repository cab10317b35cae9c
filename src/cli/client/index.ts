import type { Command } from 'commander'
import type { Terminal } from '../terminal.ts'
import { addCreate } from './create.ts'
import { addDelete } from './delete.ts'
import { addList } from './list.ts'
import { addRotateSecret } from './rotate-secret.ts'
import { addShow } from './show.ts'

export function addClientVerbs(program: Command, terminal: Terminal): void {
  const client = program.command('client').description('apps that may ask for tokens')
  for (const add of [addCreate, addShow, addList, addRotateSecret, addDelete]) add(client, terminal)
}
