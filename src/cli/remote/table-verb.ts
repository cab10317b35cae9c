import type { Command } from 'commander'
import { wholeNumber } from '../numbers.ts'
import { Refusal } from '../refusal.ts'
import type { Terminal } from '../terminal.ts'
import { addVerb } from '../verb.ts'
import { addApiOption, apiAddress } from './address.ts'
import type { ApiOptions } from './address.ts'
import { createApi } from './api.ts'
import { canAsk, confirm } from './confirm.ts'
import { addFields } from './fields.ts'
import { listPages } from './pages.ts'
import { prepare } from './prepare.ts'
import { addRevokeOptions, endedWith, receiptLines, watch } from './revocation.ts'
import type { RevokeOptions } from './revocation.ts'
import { documentOf, isRecord, show, tableOf } from './show.ts'
import { stream } from './stream.ts'
import { argumentsOf } from './verb.ts'
import type { Verb } from './verb.ts'

export type TableOptions = ApiOptions &
  RevokeOptions & { all?: true; limit?: number; cursor?: string; data?: string; output?: string } & Record<
    string,
    unknown
  >

/** Makes one row of the table a verb of the command. */
export function addTableVerb(parent: Command, terminal: Terminal, verb: Verb): void {
  const { usage, summary, example, fields = [] } = verb
  const command = addApiOption(addVerb(parent, { usage, summary, example }))
  addFields(command, fields)
  if (verb.data) command.option('--data <json>', 'more fields, as JSON, @file or - for standard input')
  if (verb.revokes) addRevokeOptions(command)
  if (verb.revokes ?? verb.confirm) command.option('--yes', 'do not ask')
  if (verb.streams) command.option('--output <file>', 'write to a new file instead of standard output')
  if (verb.columns && verb.paged !== false)
    command
      .option('--limit <number>', 'how many in one page, 1 to 200', wholeNumber(1, 200))
      .option('--cursor <cursor>', 'the page that begins there')
      .option('--all', 'all pages')
  command.action(async (...given: unknown[]) => {
    const named = argumentsOf(verb).map((_, index) => given[index] as string | undefined)
    await run(terminal, verb, named, given[argumentsOf(verb).length] as TableOptions)
  })
}

async function run(
  terminal: Terminal,
  verb: Verb,
  named: (string | undefined)[],
  options: TableOptions,
): Promise<void> {
  const api = createApi(terminal, apiAddress(terminal, options))
  const request = await prepare({ terminal, api }, verb, named, options)
  if (verb.streams) return stream(terminal, api, request, options.output)
  if (verb.columns && verb.paged !== false) return listPages(terminal, api, request, verb.columns, options)

  const subject = named.find((name) => name !== undefined) ?? ''
  if (options['everything'] === true && !canAsk(terminal, options) && !(options.yes ?? options.dryRun))
    throw new Refusal(
      'usage',
      '--everything ends the access of everybody: say --yes, or try --dry-run first.',
    )
  if (canAsk(terminal, options))
    await askFirst(terminal, verb, subject, options, async () => {
      const { body } = await api.ask({ ...request, body: { ...(request.body as object), dry_run: true } })
      return receiptLines(body, subject)
    })
  const { body } = await api.ask(request)
  const final = verb.revokes && options.watch ? await watch(terminal, api, body) : body
  show(terminal, options.json, final, () => linesOf(verb, final, subject))
}

/** Before access ends, what would: nobody has to have thought of the dry run. */
async function askFirst(
  terminal: Terminal,
  verb: Verb,
  subject: string,
  { dryRun }: TableOptions,
  preview: () => Promise<string[]>,
): Promise<void> {
  if (verb.revokes && !dryRun) {
    for (const line of await preview())
      terminal.stderr.write(`${line.replace(' Nothing was changed.', '')}\n`)
    await confirm(terminal, 'Do it?')
  } else if (verb.confirm !== undefined) await confirm(terminal, verb.confirm.replace('%', subject))
}

function linesOf(verb: Verb, body: unknown, subject: string): string[] {
  if (verb.revokes) return receiptLines(body, subject)
  if (verb.columns) {
    if (!isRecord(body)) throw new Refusal('failed', 'The answer is not the list that was asked for.')
    return tableOf(itemsOf(body), verb.columns)
  }
  const done = verb.done === undefined ? [] : [verb.done.replace('%', subject)]
  const rest = isRecord(body)
    ? Object.fromEntries(Object.entries(body).filter(([name]) => name !== 'revoked'))
    : body
  const only = verb.done !== undefined && isRecord(rest) && Object.keys(rest).length <= 1 && !hasSecret(rest)
  return [...done, ...(only ? [] : documentOf(rest)), ...endedWith(body)]
}

function itemsOf(body: Record<string, unknown>): readonly unknown[] {
  const list = Object.values(body).find((value) => Array.isArray(value))
  return Array.isArray(list) ? list : []
}

function hasSecret(body: Record<string, unknown>): boolean {
  return ['client_secret', 'link'].some((name) => name in body)
}
