/**
 * The verbs that speak to the admin API over HTTP, as a person who signed in with `cardea login` or as a client with credentials
 * of its own. What each verb asks is one row of a table (verbs/); the rows become options, requests and output here.
 * It refuses to send a token over plain HTTP to another machine or to another API than the one it was got for, credentials to an
 * issuer that only the API names, to keep a token in a file that others can read, and to print one.
 * Entered by ../main.ts alone; it knows nothing of the database.
 */
import type { Command } from 'commander'
import type { Terminal } from '../terminal.ts'
import { addLogin } from './login.ts'
import { addLogout } from './logout.ts'
import { MACHINE_HELP } from './machine.ts'
import { addRaw } from './raw.ts'
import { addTableVerb } from './table-verb.ts'
import { groups, single } from './verbs/index.ts'
import { addWhoami } from './whoami.ts'

export { MACHINE_VARIABLES } from './machine.ts'

export function addRemoteVerbs(program: Command, terminal: Terminal): void {
  for (const add of [addLogin, addLogout, addWhoami]) add(program, terminal)
  for (const { name, summary, verbs } of groups) {
    const group = program.command(name).description(summary)
    for (const verb of verbs) addTableVerb(group, terminal, verb)
  }
  for (const verb of single) addTableVerb(program, terminal, verb)
  addRaw(program, terminal)
  program.addHelpText('after', MACHINE_HELP)
}
