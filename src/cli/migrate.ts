import type { Command } from 'commander'
import { migrate, migrationStatus } from '../db/index.ts'
import { installQueue } from '../queue/index.ts'
import { configForDatabase } from './configuration.ts'
import { print } from './terminal.ts'
import type { Terminal } from './terminal.ts'
import { addVerb } from './verb.ts'
import type { VerbOptions } from './verb.ts'
import { atDatabase, connected } from './with-database.ts'

/** A backup, say, keeps a table from being altered. */
const PATIENCE_MS = 60_000

/** `cardea migrate`: brings the database's schema up to date, or says what that would do. */
export function addMigrate(program: Command, terminal: Terminal): void {
  addVerb(program, {
    usage: 'migrate',
    summary: "bring the database's schema up to date",
    example: 'DATABASE_URL=postgresql://cardea:PASSWORD@db:5432/cardea cardea migrate',
  })
    .option('--status', 'only say what is applied and what is pending')
    .action(async ({ json, status }: VerbOptions & { status?: true }) => {
      const config = configForDatabase(terminal.env)
      await atDatabase(terminal, config, async (url) => {
        if (status) {
          const found = await migrationStatus(url)
          const rows = Object.entries(found).flatMap(([state, names]) =>
            names.map((name) => `${state.padEnd(8)}  ${name}`),
          )
          print(terminal, json, found, rows)
        } else {
          const applied = await migrate(url, { patienceMs: PATIENCE_MS })
          await connected(url, ({ pool }) => installQueue(pool))
          const rows = applied.map((name) => `applied  ${name}`)
          print(terminal, json, { applied }, rows.length > 0 ? rows : ['The schema is up to date.'])
        }
      })
    })
}
