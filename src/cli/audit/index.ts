import type { Command } from 'commander'
import type { Terminal } from '../terminal.ts'
import { addExport } from './export.ts'
import { addHead } from './head.ts'
import { addVerify } from './verify.ts'

export function addAuditVerbs(program: Command, terminal: Terminal, exitWith: (code: number) => void): void {
  const audit = program.command('audit').description('what happened, by whom, and the proof of it')
  addVerify(audit, terminal, exitWith)
  addHead(audit, terminal)
  addExport(audit, terminal)
}
