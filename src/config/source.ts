import { didYouMean } from './did-you-mean.ts'
import type { Problem } from './problem.ts'

export type Environment = Record<string, string | undefined>

/** The text of a variable, from NAME or from the file that NAME_FILE points to; undefined when unset or empty. */
export function readText(
  env: Environment,
  name: string,
  readFile: (path: string) => string,
  problems: Problem[],
): string | undefined {
  const value = present(env[name])
  const path = present(env[`${name}_FILE`])
  if (path === undefined) return value
  const variable = `${name}_FILE`
  if (value !== undefined) {
    problems.push({ variable, problem: `is set, and so is ${name}`, remedy: `Remove one of the two` })
    return value
  }
  try {
    const content = present(readFile(path))
    if (content !== undefined) return content
    problems.push({ variable, problem: `names an empty file`, remedy: 'Write the value into the file' })
  } catch (error) {
    const problem = `names a file that cannot be read (${reasonOf(error)})`
    problems.push({ variable, problem, remedy: 'Correct the path, or let this process read the file' })
  }
  return undefined
}

/** Reports CARDEA_* variables that mean nothing here: mostly misspelt ones, which would otherwise be ignored in silence. */
export function unknownVariables(env: Environment, known: readonly string[]): Problem[] {
  const names = new Set(known.flatMap((name) => [name, `${name}_FILE`]))
  return Object.keys(env)
    .filter((name) => name.startsWith('CARDEA_') && !names.has(name) && present(env[name]) !== undefined)
    .map((name) => ({
      variable: name,
      problem: 'is not a setting of Cardea',
      remedy: remedyFor(name, [...names]),
    }))
}

function remedyFor(name: string, names: readonly string[]): string {
  // Kubernetes announces a Service called "cardea" to its neighbours under exactly such names.
  if (/^CARDEA_(SERVICE_(HOST|PORT)|PORT_\d+_)/.test(name)) return 'Set enableServiceLinks: false in the pod'
  const meant = didYouMean(name, names)
  return meant === undefined ? 'Remove it' : `Did you mean ${meant}? Correct the name or remove it`
}

function present(text: string | undefined): string | undefined {
  const trimmed = text?.trim()
  return trimmed === '' ? undefined : trimmed
}

function reasonOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
}
