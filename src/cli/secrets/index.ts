import type { Command } from 'commander'
import type { Terminal } from '../terminal.ts'
import { addGenerate } from './generate.ts'

export function addSecretsVerbs(program: Command, terminal: Terminal): void {
  addGenerate(program.command('secrets').description('keys of the server'), terminal)
}
