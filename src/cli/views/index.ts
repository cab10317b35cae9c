import type { Command } from 'commander'
import type { Terminal } from '../terminal.ts'
import { addCheck } from './check.ts'
import { addCopy } from './copy.ts'
import { addList } from './list.ts'

export function addViewsVerbs(program: Command, terminal: Terminal, exitWith: (code: number) => void): void {
  const views = program.command('views').description('templates of pages and mails of your own')
  addList(views, terminal)
  addCopy(views, terminal)
  addCheck(views, terminal, exitWith)
}
