import { Argument } from 'commander'
import type { Command } from 'commander'
import { Refusal } from '../refusal.ts'
import type { Terminal } from '../terminal.ts'
import { addVerb } from '../verb.ts'
import type { VerbOptions } from '../verb.ts'
import { addApiOption, apiAddress } from './address.ts'
import type { ApiOptions } from './address.ts'
import { createApi } from './api.ts'
import type { Api, Method } from './api.ts'
import { clean } from './clean.ts'
import { readData } from './fields.ts'
import { tagOf } from './prepare.ts'
import { show } from './show.ts'

type Options = VerbOptions & ApiOptions & { data?: string; ifMatch?: string; include?: true }

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']

/** `cardea api`: any request to the API, for what has no verb of its own. */
export function addRaw(program: Command, terminal: Terminal): void {
  const command = addVerb(program, {
    usage: 'api',
    summary: 'send any request to the admin API and print its answer as JSON',
    example: `cardea api GET '/v1/users?status=disabled'`,
  })
  addApiOption(command)
    .addArgument(new Argument('<method>').choices(METHODS))
    .argument('<path>', 'from /v1 on, with its query')
    .option('--data <json>', 'the body, as JSON, @file or - for standard input')
    .option('--if-match <etag>', 'what to write on top of; else what is there now')
    .option('--include', 'print the status and headers too, to standard error')
    .action((method: Method, path: string, options: Options) => raw(terminal, method, path, options))
}

async function raw(terminal: Terminal, method: Method, path: string, options: Options): Promise<void> {
  const address = apiAddress(terminal, options)
  const url = URL.parse(path, address)
  if (!path.startsWith('/') || url?.origin !== address)
    throw new Refusal('usage', 'The path begins with a slash: /v1/users')
  const api = createApi(terminal, address)
  const body = options.data === undefined ? undefined : await readData(terminal, options.data)
  const ifMatch = options.ifMatch ?? (await tagToMatch(api, method, url.pathname))
  const answer = await api.ask({
    ...{ method, path: `${url.pathname}${url.search}` },
    ...(body !== undefined && { body }),
    ...(ifMatch !== undefined && { ifMatch }),
  })
  if (options.include) {
    const headers = [...answer.headers].map(([name, value]) => `${name}: ${value}`)
    terminal.stderr.write([String(answer.status), ...headers].map((line) => `${clean(line)}\n`).join(''))
  }
  show(terminal, true, answer.body, () => [])
}

/** Not every address that is written to can be read. */
async function tagToMatch(api: Api, method: Method, path: string): Promise<string | undefined> {
  if (method === 'GET' || method === 'POST') return undefined
  return tagOf(api, path).catch((error: unknown) => {
    if (error instanceof Refusal) return undefined
    throw error
  })
}
