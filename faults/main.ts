// `npm run faults`: what clients are told while things fail, and whether it stayed true. See docs/reliability.md.
import { readFile, writeFile } from 'node:fs/promises'
import { describeRun, runFaults, verdictLine } from './index.ts'
import type { Run } from './index.ts'
import { readOptions, usage } from './options.ts'
import type { Options } from './options.ts'
import { withRun } from './report-file.ts'

const SHOWN = 40
const EXIT = { held: 0, broken: 1, failed: 2, usage: 64, interrupted: 130 }

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => process.exit(EXIT.interrupted))

const options = optionsOr((problem) => {
  process.stderr.write(`${problem}\n\n${usage}\n`)
  process.exit(EXIT.usage)
})
try {
  const run = await runFaults(options, (line) => process.stderr.write(`${line} …\n`))
  await keep(run, options)
  for (const line of run.bugs.slice(0, SHOWN)) process.stderr.write(`log: ${line}\n`)
  for (const { invariant, what } of run.violations.slice(0, SHOWN)) say(`${invariant}: ${what}`)
  say(`${describeRun(run)}\n\n${verdictLine(run)}`)
  process.exit(run.violations.length === 0 ? EXIT.held : EXIT.broken)
} catch (error) {
  say(String((error as Error).stack))
  say(`BROKEN: seed ${options.seed}, ${options.seconds} s, the run did not come to an end`)
  process.exit(EXIT.failed)
}

function optionsOr(refuse: (problem: string) => never): Options {
  try {
    return readOptions(process.argv.slice(2))
  } catch (error) {
    return refuse((error as Error).message)
  }
}

async function keep(run: Run, { report, journal }: Options): Promise<void> {
  if (journal !== undefined)
    await writeFile(journal, run.entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''))
  if (report === undefined) return
  const page = await readFile(report, 'utf8').catch(() => '')
  await writeFile(report, withRun(page, run.seed, describeRun(run)))
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
