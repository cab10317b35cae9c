import type { Command } from 'commander'

/** What every verb's options hold. */
export type VerbOptions = { json?: true }

/** Adds a verb as all verbs are: `usage` is its name and arguments, and its help ends with an example. */
export function addVerb(
  parent: Command,
  { usage, summary, example }: { usage: string; summary: string; example: string },
): Command {
  return parent
    .command(usage)
    .description(summary)
    .option('--json', 'print the result as JSON')
    .addHelpText('after', `\nExample:\n  $ ${example}`)
}

/** For options that may be given several times. */
export function collect(value: string, earlier: string[] = []): string[] {
  return [...earlier, value]
}
