import { Command, CommanderError } from 'commander'
import { readFileSync } from 'node:fs'
import { EmbeddedPostgresError, isStorageTrouble, MigrationError } from '../db/index.ts'
import { addAuditVerbs } from './audit/index.ts'
import { addClientVerbs } from './client/index.ts'
import { addCompletion } from './completion/index.ts'
import { addDoctor } from './doctor.ts'
import { addMigrate } from './migrate.ts'
import { EXIT, Refusal } from './refusal.ts'
import type { Reason } from './refusal.ts'
import { addRemoteVerbs } from './remote/index.ts'
import { addReseal } from './reseal/index.ts'
import { addResourceVerbs } from './resource/index.ts'
import { addSecretsVerbs } from './secrets/index.ts'
import { addServe } from './serve.ts'
import type { Terminal } from './terminal.ts'
import { addUserVerbs } from './user/index.ts'
import { addViewsVerbs } from './views/index.ts'
import { addWorker } from './worker.ts'

/**
 * Runs the `cardea` command with these arguments and returns its exit code (see EXIT). Results go to standard output, all else
 * to standard error; a secret is printed once, and nowhere else.
 */
export async function runCli(args: readonly string[], terminal: Terminal): Promise<number> {
  let code: number = EXIT.ok
  const program = createProgram(terminal, (exitCode) => {
    code = exitCode
  })
  try {
    await program.parseAsync([...args], { from: 'user' })
    return code
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
    const { reason, message } = explain(error)
    const problem = error instanceof Refusal ? error.problem : undefined
    const asJson = args.includes('--json')
    terminal.stderr.write(
      asJson ? `${JSON.stringify({ error: reason, message, problem })}\n` : `${message}\n`,
    )
    return EXIT[reason]
  }
}

function createProgram(terminal: Terminal, exitWith: (code: number) => void): Command {
  const program = new Command('cardea')
    .description('An OAuth 2.0 and OpenID Connect authorization server')
    .version(version())
    .exitOverride()
    .showHelpAfterError('Add --help to see what is possible.')
    .configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      writeErr: (text) => terminal.stderr.write(text),
    })
  program.commandsGroup('On the machine of the server and its database:')
  addServe(program, terminal, exitWith)
  addWorker(program, terminal, exitWith)
  addMigrate(program, terminal)
  addDoctor(program, terminal, exitWith)
  addUserVerbs(program, terminal)
  addClientVerbs(program, terminal)
  addResourceVerbs(program, terminal)
  addAuditVerbs(program, terminal, exitWith)
  addSecretsVerbs(program, terminal)
  addViewsVerbs(program, terminal, exitWith)
  program.commandsGroup('Through the admin API, from anywhere:')
  addRemoteVerbs(program, terminal)
  const keys = program.commands.find((command) => command.name() === 'keys')
  if (keys) addReseal(keys, terminal, exitWith)
  program.commandsGroup('For your shell:')
  addCompletion(program, terminal)
  return program
}

function explain(error: unknown): { reason: Reason; message: string } {
  if (error instanceof Refusal) return { reason: error.reason, message: error.message }
  if (error instanceof MigrationError) return { reason: 'failed', message: error.message }
  if (error instanceof EmbeddedPostgresError)
    return { reason: 'database_unavailable', message: error.message }
  if (isStorageTrouble(error))
    return { reason: 'database_unavailable', message: `The database cannot be used: ${sayingOf(error)}` }
  return {
    reason: 'failed',
    message: error instanceof Error ? (error.stack ?? error.message) : String(error),
  }
}

// Some errors of the network hold theirs in a list and say nothing themselves.
function sayingOf(error: unknown): string {
  const { message, code, errors } = error as { message?: string; code?: unknown; errors?: unknown[] }
  if (message) return message
  return errors?.[0] instanceof Error ? errors[0].message : String(code)
}

function version(): string {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(manifest) as { version: string }).version
}
