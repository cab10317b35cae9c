import type { Command } from 'commander'
import type { Terminal } from '../terminal.ts'
import { addCreate } from './create.ts'

export function addResourceVerbs(program: Command, terminal: Terminal): void {
  addCreate(program.command('resource').description('APIs that accept our tokens (RFC 8707)'), terminal)
}
