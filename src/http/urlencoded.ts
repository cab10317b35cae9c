import { decodeStrictly } from './unsafe-text.ts'

/** Form fields by name. Has no prototype, so a field named `__proto__` or `constructor` is a field like any other. */
export type Form = Record<string, string | string[]>

const mostFields = 1000

/**
 * Parses application/x-www-form-urlencoded bytes strictly: well-formed UTF-8 and percent-encoding, no NUL, at most a
 * thousand fields. Fields named in `repeatable` become arrays; any other may stand once. Returns undefined otherwise.
 */
export function parseUrlencoded(bytes: Uint8Array, repeatable: readonly string[] = []): Form | undefined {
  const text = decodeUtf8(bytes)
  const pairs = text?.split('&').filter((pair) => pair !== '')
  if (!pairs || pairs.length > mostFields) return undefined
  const form = Object.create(null) as Form
  for (const pair of pairs) {
    const [name, value] = splitPair(pair).map((part) => decodeStrictly(part.replaceAll('+', ' ')))
    if (name === undefined || value === undefined) return undefined
    const known = form[name]
    if (repeatable.includes(name)) form[name] = Array.isArray(known) ? [...known, value] : [value]
    else if (known === undefined) form[name] = value
    else return undefined
  }
  return form
}

/** The value of a field that stands once in a parsed form; undefined when it is absent or a list. */
export function field(form: unknown, name: string): string | undefined {
  const value = own(form, name)
  return typeof value === 'string' ? value : undefined
}

/** The values of a repeatable field of a parsed form, in order; empty when it is absent. */
export function fields(form: unknown, name: string): readonly string[] {
  const value = own(form, name)
  return Array.isArray(value) ? (value as string[]) : typeof value === 'string' ? [value] : []
}

// Koa types a request's body as unknown, and where no form was read there is none.
function own(form: unknown, name: string): unknown {
  return typeof form === 'object' && form !== null && Object.hasOwn(form, name)
    ? (form as Form)[name]
    : undefined
}

function splitPair(pair: string): [string, string] {
  const at = pair.indexOf('=')
  return at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)]
}

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}
