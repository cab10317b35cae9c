import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import type { WriteStream } from 'node:fs'
import { Option } from 'commander'
import type { Command } from 'commander'
import { createSealer } from '../../../crypto/index.ts'
import { importFormats } from '../../../users/index.ts'
import type { ImportFormatName } from '../../../users/index.ts'
import { keyringOf } from '../../keyring.ts'
import { Refusal } from '../../refusal.ts'
import { print } from '../../terminal.ts'
import type { Terminal } from '../../terminal.ts'
import { addVerb } from '../../verb.ts'
import type { VerbOptions } from '../../verb.ts'
import { withDatabase } from '../../with-database.ts'
import { createReport, reasons, warningWords } from './report.ts'
import type { Report, ReportLine } from './report.ts'
import { runImport } from './run.ts'

type Options = VerbOptions & { format: ImportFormatName; dryRun?: true; report?: string }

/** `cardea user import`: users of another system, with their old hashes. Run again, it adds who is missing and touches nobody else. */
export function addImport(users: Command, terminal: Terminal): void {
  addVerb(users, {
    usage: 'import <file>',
    summary: 'bring users along from another system, with their passwords as they were hashed there',
    example: 'cardea user import realm-users.json --format keycloak --dry-run --report report.ndjson',
  })
    .addOption(
      new Option('--format <format>', 'where the file comes from')
        .choices(Object.keys(importFormats))
        .makeOptionMandatory(),
    )
    .option('--dry-run', 'change nothing, only say what would happen')
    .option('--report <file>', 'write what became of each record into this file, one JSON object a line')
    .action((file: string, options: Options) => importFile(terminal, file, options))
}

async function importFile(terminal: Terminal, file: string, options: Options): Promise<void> {
  const { format, dryRun = false, json } = options
  const keyring = keyringOf(terminal.env)
  if (!keyring)
    throw new Refusal(
      'configuration',
      'The whole configuration is needed, because authenticators are sealed with CARDEA_KEYRING. Run: cardea doctor',
    )
  const report = createReport()
  const tellCounts = () =>
    print(terminal, json, { dryRun, format, ...report.counts(), examples: report.examples() }, [
      ...sentences(report.counts(), dryRun),
      ...report.examples().map(exampleOf),
    ])
  const lines = options.report === undefined ? undefined : await openReport(options.report)
  try {
    await withDatabase(terminal, async (database) => {
      const tell = async (line: ReportLine) => {
        report.add(line)
        if (lines?.write(`${JSON.stringify(line)}\n`) === false) await once(lines, 'drain')
      }
      await runImport({ database, sealer: createSealer([...keyring]), tell }, { file, format, dryRun })
    })
  } catch (error) {
    if (isEmpty(report)) throw error
    tellCounts()
    throw dryRun ? error : stoppedHalfWay(error, report)
  } finally {
    lines?.end()
    if (lines) await once(lines, 'close')
  }
  if (isEmpty(report)) throw new Refusal('bad_data', `${file} holds no users.`)
  tellCounts()
}

function isEmpty(report: Report): boolean {
  const { created, skipped } = report.counts()
  return created + skipped === 0
}

/** What was wrong, and what of the file is here all the same: whole batches were committed before it came to light. */
function stoppedHalfWay(error: unknown, report: Report): unknown {
  if (!(error instanceof Refusal)) return error
  const { created } = report.counts()
  return new Refusal(
    error.reason,
    `${error.message} Users created before that: ${created}. Import the whole file again: whoever is here already is skipped.`,
    { cause: error },
  )
}

function sentences(
  { created, skipped, skippedBecause, warnings }: ReturnType<Report['counts']>,
  dryRun: boolean,
): string[] {
  const each = <K extends string>(counts: Partial<Record<K, number>>, words: Record<K, string>) =>
    (Object.keys(counts) as K[]).map((key) => `  ${counts[key] ?? 0}  ${words[key]}`)
  return [
    `${dryRun ? 'Would create' : 'Created'} ${created} users.`,
    ...each(warnings, warningWords),
    `${dryRun ? 'Would skip' : 'Skipped'} ${skipped} records.`,
    ...each(skippedBecause, reasons),
  ]
}

function exampleOf(line: ReportLine): string {
  const what = line.outcome === 'skipped' ? `skipped: ${line.reason}` : `created: ${line.warnings.join(', ')}`
  return `  record ${line.record}  ${JSON.stringify(line.email)}  ${what}`
}

async function openReport(path: string): Promise<WriteStream> {
  const stream = createWriteStream(path, { mode: 0o600 })
  try {
    await once(stream, 'open')
    return stream
  } catch (error) {
    throw new Refusal(
      'bad_data',
      `${path} cannot be written (${String((error as NodeJS.ErrnoException).code)}).`,
    )
  }
}
