import type { Command } from 'commander'
import { startServer } from '../serve/index.ts'
import type { Terminal } from './terminal.ts'

/** `cardea worker`: a process that only does the jobs of the queue. It prints its log, JSON already. */
export function addWorker(program: Command, { env }: Terminal, exitWith: (code: number) => void): void {
  program
    .command('worker')
    .description('do the jobs of the queue until SIGTERM or SIGINT, beside servers with CARDEA_JOBS=false')
    .addHelpText('after', '\nExample:\n  $ CARDEA_OPS_PORT=3002 … cardea worker')
    .action(async () => exitWith(await startServer({ env, defaultMode: 'production', role: 'worker' })))
}
