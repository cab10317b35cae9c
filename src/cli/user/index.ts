import type { Command } from 'commander'
import type { Terminal } from '../terminal.ts'
import { addCreate } from './create.ts'
import { addDisable } from './disable.ts'
import { addEnable } from './enable.ts'
import { addImport } from './import/index.ts'
import { addList } from './list.ts'
import { addResetTotp } from './reset-totp.ts'
import { addSetPassword } from './set-password.ts'
import { addShow } from './show.ts'
import { addUnlock } from './unlock.ts'

export function addUserVerbs(program: Command, terminal: Terminal): void {
  const user = program.command('user').description('people who can sign in')
  const verbs = [
    addCreate,
    addShow,
    addList,
    addDisable,
    addEnable,
    addUnlock,
    addSetPassword,
    addResetTotp,
    addImport,
  ]
  for (const add of verbs) add(user, terminal)
}
