import { Refusal } from '../refusal.ts'
import type { Terminal } from '../terminal.ts'
import type { Api, ApiRequest } from './api.ts'
import { readAll, readData, readFields } from './fields.ts'
import { howOf } from './revocation.ts'
import { isRecord } from './show.ts'
import type { TableOptions } from './table-verb.ts'
import { userId } from './user.ts'
import { argumentsOf, callOf } from './verb.ts'
import type { Verb } from './verb.ts'

type Way = { terminal: Terminal; api: Api }

/** The request that a verb stands for, with these arguments and options. Reads from the API what it needs to know for that. */
export async function prepare(
  { terminal, api }: Way,
  verb: Verb,
  named: readonly (string | undefined)[],
  options: TableOptions,
): Promise<ApiRequest> {
  const { method } = callOf(verb)
  const [path, inBody] = await pathOf(api, verb, named)
  const fields = await readFields(api, verb.fields ?? [], options)
  if (method === 'GET') return { method, path, query: queryOf(fields) }
  const body = {
    ...(options.data === undefined ? {} : await dataOf(terminal, options.data)),
    ...fields,
    ...inBody,
    ...(verb.input !== undefined &&
      named[0] === undefined && { [verb.input]: await secret(terminal, verb.input) }),
    ...(verb.revokes && (await howOf(terminal, options))),
  }
  const isEmpty = Object.keys(body).length === 0
  if (isEmpty && method === 'PATCH') throw new Refusal('usage', 'Say what to change: --help shows how.')
  const tag = verb.ifMatch ? await tagOf(api, path) : undefined
  return { method, path, ...(!isEmpty && { body }), ...(tag !== undefined && { ifMatch: tag }) }
}

/** The path with its arguments filled in; one that the path does not name belongs into the body. */
async function pathOf(
  api: Api,
  verb: Verb,
  named: readonly (string | undefined)[],
): Promise<[path: string, inBody: Record<string, string>]> {
  let { path } = callOf(verb)
  const inBody: Record<string, string> = {}
  for (const [index, { name }] of argumentsOf(verb).entries()) {
    const given = named[index]
    if (given === undefined) continue
    const value = name === 'user' ? await userId(api, given) : given
    if (path.includes(`:${name}`)) path = path.replace(`:${name}`, encodeURIComponent(value))
    else inBody[name] = value
  }
  return [`/v1${path}`, inBody]
}

/** The entity tag of what is there now, so that a change that somebody else makes meanwhile is not lost. */
export async function tagOf(api: Api, path: string): Promise<string> {
  const { headers } = await api.ask({ method: 'GET', path })
  const tag = headers.get('etag')
  if (tag === null) throw new Refusal('failed', `${path} has no ETag to write on top of.`)
  return tag
}

async function dataOf(terminal: Terminal, data: string): Promise<Record<string, unknown>> {
  const value = await readData(terminal, data)
  if (!isRecord(value)) throw new Refusal('bad_data', '--data is no JSON object.')
  return value
}

/** What nobody should find in the list of processes or the history of a shell. */
async function secret({ stdin }: Terminal, name: string): Promise<string> {
  if (stdin.isTTY) throw new Refusal('usage', `Give the ${name} on standard input: cardea … < file`)
  const text = (await readAll(stdin)).trim()
  if (text === '') throw new Refusal('usage', `Standard input is empty: give the ${name} there.`)
  return text
}

function queryOf(fields: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, String(value)]))
}
