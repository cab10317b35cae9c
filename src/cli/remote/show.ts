import { columns } from '../terminal.ts'
import type { Terminal } from '../terminal.ts'
import { clean, jsonText } from './clean.ts'

/** Prints what the API answered: its own JSON for programs, or as lines for people. */
export function show(
  { stdout }: Terminal,
  asJson: boolean | undefined,
  body: unknown,
  lines: () => readonly string[],
): void {
  if (asJson) stdout.write(body === undefined ? '' : `${jsonText(body, 2)}\n`)
  else for (const line of lines()) stdout.write(`${clean(line)}\n`)
}

/** Objects as a table: one column for each field, which may be a path such as `actor.client_id`. */
export function tableOf(items: readonly unknown[], fields: readonly string[]): string[] {
  if (items.length === 0) return ['There are none.']
  const heading = fields.map((field) => field.replaceAll('.', ' ').replaceAll('_', ' '))
  return columns([heading, ...items.map((item) => fields.map((field) => clean(textOf(at(item, field)))))])
}

/** An object as lines: a field and its value on each, those of objects within it by their path, what is empty left out. */
export function documentOf(body: unknown): string[] {
  return columns(rowsOf(body, '').map(([field, value]) => [field, clean(value)]))
}

export function at(value: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((part, name) => (isRecord(part) ? part[name] : undefined), value)
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function rowsOf(value: unknown, path: string): [field: string, value: string][] {
  if (value === null || value === undefined || value === '') return []
  if (isRecord(value))
    return Object.entries(value).flatMap(([name, part]) =>
      rowsOf(part, path === '' ? name : `${path}.${name}`),
    )
  if (!Array.isArray(value)) return [[path, textOf(value)]]
  return value.map((part, index) => [index === 0 ? path : '', isRecord(part) ? briefly(part) : textOf(part)])
}

/** One line for an object in a list. */
function briefly(value: Record<string, unknown>): string {
  return rowsOf(value, '')
    .map(([field, text]) => `${field} ${text}`)
    .join(', ')
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return '–'
  if (typeof value === 'string') return value
  return JSON.stringify(value)
}
