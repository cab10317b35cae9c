import type { Method } from './api.ts'

/**
 * What a verb takes as an option, and which field of the API it becomes: of the query in a GET, else of the body. By its kind the
 * text is read: as it is, as a whole number, a length of time in seconds, a point in time, a user's e-mail address or id, JSON,
 * a file of it, or the bytes of a file in base64.
 */
export type Field = {
  flags: string
  about: string
  name: string
  kind?: 'text' | 'number' | 'seconds' | 'time' | 'user' | 'json' | 'file' | 'base64' | 'scopes'
  choices?: readonly string[]
  /** May be repeated; becomes a list. */
  many?: true
  required?: true
  /** What a flag without an argument stands for. */
  value?: unknown
  /** Where this text is given, the field becomes null. */
  none?: string
}

/** One verb of the command: a row in verbs/. */
export type Verb = {
  /** Its name and arguments. An argument becomes the part of the path that has its name. */
  usage: string
  summary: string
  example: string
  /** Below /v1: `:user` takes an e-mail address or an id. */
  call: `${Method} /${string}`
  fields?: readonly Field[]
  /** A list: what its table shows. */
  columns?: readonly string[]
  /** Which field holds the items, where it is not the list itself in pages. */
  paged?: boolean
  /** Reads first, and writes only on top of what was read. */
  ifMatch?: true
  /** `--data`, for fields that have no option. */
  data?: true
  /** The field of the body that is read from standard input, where it is a secret. Given instead of an optional argument. */
  input?: string
  /** Ends access: asks for a reason, can be tried, answers with a receipt. */
  revokes?: true
  /** What to ask on a terminal before it is done; `%` is what was named. */
  confirm?: string
  /** What to say when it is done, where the answer alone does not; `%` is what was named. */
  done?: string
  /** The answer is lines for another program: they are passed on as they come. */
  streams?: true
}

export type Group = { name: string; summary: string; verbs: readonly Verb[] }

/** The method and the path of a verb. */
export function callOf({ call }: Pick<Verb, 'call'>): { method: Method; path: string } {
  const [method, path] = call.split(' ') as [Method, string]
  return { method, path }
}

/** The names of a verb's arguments, and whether each must be given. */
export function argumentsOf({ usage }: Pick<Verb, 'usage'>): { name: string; required: boolean }[] {
  return [...usage.matchAll(/([<[])([\w-]+)[>\]]/g)].map(([, bracket, name = '']) => ({
    name,
    required: bracket === '<',
  }))
}
