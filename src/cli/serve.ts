import type { Command } from 'commander'
import { startServer } from '../serve/index.ts'
import type { Terminal } from './terminal.ts'

/** `cardea serve`: the server, in production mode unless CARDEA_MODE says otherwise. It prints its log, JSON already. */
export function addServe(program: Command, { env }: Terminal, exitWith: (code: number) => void): void {
  program
    .command('serve')
    .description('run the server until SIGTERM or SIGINT')
    .addHelpText('after', '\nExample:\n  $ CARDEA_KEYRING_FILE=/run/secrets/keyring … cardea serve')
    .action(async () => exitWith(await startServer({ env, defaultMode: 'production' })))
}
