import type { Command } from 'commander'
import { describeProblems } from '../config/index.ts'
import { readConfig } from './configuration.ts'
import { examineDatabase } from './doctor-database.ts'
import { examineServer } from './doctor-server.ts'
import { examineViews } from './doctor-views.ts'
import type { Finding } from './finding.ts'
import { EXIT } from './refusal.ts'
import { print } from './terminal.ts'
import type { Terminal } from './terminal.ts'
import { addVerb } from './verb.ts'
import type { VerbOptions } from './verb.ts'

type Options = VerbOptions & { beforeStart?: true }

/** `cardea doctor`: looks at everything a server needs and says of each whether it is well, or what to do. It writes no row. */
export function addDoctor(program: Command, terminal: Terminal, exitWith: (code: number) => void): void {
  addVerb(program, {
    usage: 'doctor',
    summary: 'check configuration, database, keys, clock and the running server',
    example: 'cardea doctor --before-start',
  })
    .option('--before-start', 'leave out what needs a running server')
    .action(async ({ json, beforeStart }: Options) => {
      const findings = await examine(terminal, beforeStart ?? false)
      const ok = findings.every((finding) => finding.ok)
      print(terminal, json, { ok, findings }, findings.flatMap(linesOf))
      exitWith(ok ? EXIT.ok : EXIT.failed)
    })
}

async function examine(terminal: Terminal, beforeStart: boolean): Promise<Finding[]> {
  const parsed = readConfig(terminal.env)
  if (!parsed.ok)
    return [
      { what: 'configuration', ok: false, said: 'cannot be used', remedy: describeProblems(parsed.problems) },
    ]
  const { config } = parsed
  const configuration: Finding = { what: 'configuration', ok: true, said: `complete, ${config.mode} mode` }
  const views = examineViews(config)
  const database = await examineDatabase(terminal, config, { beforeStart })
  const server = beforeStart ? [] : await examineServer(config.issuer)
  return [configuration, ...views, ...database, ...server]
}

function linesOf({ what, ok, said, remedy }: Finding): string[] {
  const first = `${ok ? 'ok  ' : 'BAD '}  ${what.padEnd(13)}  ${said}`
  return [
    first,
    ...(remedy ?? '')
      .split('\n')
      .filter(Boolean)
      .map((line) => `      ${line}`),
  ]
}
