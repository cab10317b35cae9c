import { readFileSync } from 'node:fs'
import { Option } from 'commander'
import type { Command } from 'commander'
import { duration } from '../duration.ts'
import { wholeNumber } from '../numbers.ts'
import { Refusal } from '../refusal.ts'
import type { Terminal } from '../terminal.ts'
import { collect } from '../verb.ts'
import type { Api } from './api.ts'
import { userId } from './user.ts'
import type { Field } from './verb.ts'

const YEAR_SECONDS = 365 * 86_400

/** Adds a row's options to its command. */
export function addFields(command: Command, fields: readonly Field[]): void {
  for (const field of fields) {
    const option = new Option(field.flags, field.about)
    if (field.choices) option.choices(field.choices)
    if (field.required) option.makeOptionMandatory()
    if (field.kind === 'number') option.argParser(wholeNumber(0, 999_999_999))
    if (field.kind === 'seconds') option.argParser(duration(YEAR_SECONDS))
    if (field.many) option.argParser(collect)
    command.addOption(option)
  }
}

/** The given options as fields of the API; what was not given is not there. */
export async function readFields(
  api: Api,
  fields: readonly Field[],
  options: Record<string, unknown>,
): Promise<Record<string, unknown>> {
  const entries: [string, unknown][] = []
  for (const field of fields) {
    const given = options[new Option(field.flags).attributeName()]
    // A flag that begins with --no- is there, and true, until it is given.
    const isNegated = field.flags.startsWith('--no-')
    if (given === undefined || (isNegated && given !== false)) continue
    entries.push([field.name, await valueOf(api, field, given)])
  }
  return Object.fromEntries(entries)
}

async function valueOf(api: Api, field: Field, given: unknown): Promise<unknown> {
  if ('value' in field) return field.value
  if (typeof given !== 'string') return given
  if (given === field.none) return null
  switch (field.kind) {
    case 'user':
      return await userId(api, given)
    case 'time':
      return pointInTime(given, field.flags)
    case 'json':
      return parseJson(given, field.flags)
    case 'file':
      return parseJson(readText(given), given)
    case 'base64':
      return readBytes(given).toString('base64')
    case 'scopes':
      return given.trim().replaceAll(/\s+/g, ' ')
    case 'text':
    case 'number':
    case 'seconds':
    case undefined:
      break
  }
  return given
}

/** A point in time (RFC 3339), or how long ago: 90s, 30m, 24h, 7d. */
function pointInTime(text: string, flags: string): string {
  if (/^\d{1,9}[smhd]$/.test(text))
    return new Date(Date.now() - duration(10 * YEAR_SECONDS)(text) * 1000).toISOString()
  const time = /^\d{4}-\d\d-\d\d(T|$)/.test(text) ? new Date(text) : new Date(NaN)
  if (Number.isNaN(time.getTime()))
    throw new Refusal('usage', `${flags}: a time looks like 2026-11-21T09:30:00Z, or 24h for a day ago.`)
  return time.toISOString()
}

/** `--data`: JSON as it stands, `@file`, or `-` for standard input. */
export async function readData({ stdin }: Terminal, data: string): Promise<unknown> {
  if (data !== '-') return parseJson(data.startsWith('@') ? readText(data.slice(1)) : data, '--data')
  return parseJson(await readAll(stdin), 'Standard input')
}

export async function readAll(stdin: NodeJS.ReadableStream): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of stdin) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks).toString('utf8')
}

function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    throw new Refusal('bad_data', `${what}: this is no JSON.`)
  }
}

function readText(path: string): string {
  return readBytes(path).toString('utf8')
}

function readBytes(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    throw new Refusal('not_found', `${path} cannot be read: ${(error as NodeJS.ErrnoException).code ?? ''}.`)
  }
}
