import type { z } from 'zod'
import { AdminProblem } from './problem.ts'
import type { Fault } from './problem.ts'

type Issue = z.core.$ZodIssue

/** Checks the body against its schema: 422 with a JSON pointer to each fault, unknown fields among them. */
export function validateBody(schema: z.ZodObject, value: unknown): unknown {
  const result = schema.safeParse(value)
  if (result.success && !hasReservedName(value)) return result.data
  const issues = result.success ? [] : result.error.issues
  const errors = issues.flatMap((issue) =>
    faultsOf(issue).map(([path, detail]) => ({ pointer: pointer(path), detail })),
  )
  throw invalidContent(errors)
}

/** Checks parameters of the path or the query: 400 naming each parameter that is not valid, repeated or unknown. */
export function validateParameters(schema: z.ZodObject, values: Record<string, unknown>): unknown {
  const result = schema.safeParse(values)
  if (result.success) return result.data
  const errors = result.error.issues.flatMap((issue) =>
    faultsOf(issue).map(([path, detail]): Fault => ({ parameter: String(path[0] ?? ''), detail })),
  )
  throw new AdminProblem('invalid_parameter', { errors })
}

/** The 422 of content that only a handler can judge. */
export function invalidContent(errors: readonly Fault[]): AdminProblem {
  return new AdminProblem('invalid_content', { errors })
}

/** The parameters of a query as a plain record; one that stands twice becomes a list, which no schema takes. */
export function queryOf(querystring: string): Record<string, unknown> {
  const values = Object.create(null) as Record<string, unknown>
  for (const [name, value] of new URLSearchParams(querystring)) {
    values[name] = name in values ? [values[name], value] : value
  }
  return values
}

function faultsOf(issue: Issue): [path: PropertyKey[], detail: string][] {
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => [[...issue.path, key], 'is not a field of this'])
  return [[issue.path, sentence(issue)]]
}

// Zod's own words can quote what was sent only where it is one of a few known values; these never do.
function sentence(issue: Issue): string {
  return issue.message.slice(0, 200)
}

function pointer(path: readonly PropertyKey[]): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

// Zod leaves a member of this name out where it should refuse it.
function hasReservedName(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, '__proto__')
}
