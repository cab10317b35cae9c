import { assemble } from './assemble.ts'
import type { Config } from './config.ts'
import { inconsistencies, missingInProduction } from './consistency.ts'
import { type KeyringParser, readKeys } from './keys.ts'
import type { Problem } from './problem.ts'
import { type Environment, readText, unknownVariables } from './source.ts'
import type { Mode, Variable } from './variable.ts'
import { type Values, type VariableName, variables } from './variables.ts'

/** What reading the environment needs from outside. */
export interface ConfigSource {
  /** The mode when CARDEA_MODE is unset. */
  defaultMode: Mode
  /** Reads a file that a NAME_FILE variable points to; may throw. */
  readFile: (path: string) => string
  /** The crypto room's `parseKeyring`; rooms of one floor do not import each other. */
  parseKeyring: KeyringParser
}

/**
 * Turns environment variables into a frozen Config, or into every problem there is. Each variable may be given as NAME
 * or as NAME_FILE (the path of a file that holds the value); an empty value counts as unset.
 */
export function parseConfig(
  env: Environment,
  source: ConfigSource,
): { ok: true; config: Config } | { ok: false; problems: Problem[] } {
  const names = Object.keys(variables) as VariableName[]
  const problems = unknownVariables(env, names)
  const texts = new Map(names.map((name) => [name, readText(env, name, source.readFile, problems)]))
  const troubled = new Set(problems.map(({ variable }) => variable.replace(/_FILE$/, '')))
  const missing = (name: VariableName): boolean => texts.get(name) === undefined && !troubled.has(name)

  const mode = modeOf(texts.get('CARDEA_MODE') ?? source.defaultMode)
  const values = readValues(texts, mode, problems)
  const keys = readKeys(values, { mode, parseKeyring: source.parseKeyring, missing }, problems)
  problems.push(...inconsistencies(values, mode))
  if (mode === 'production') problems.push(...missingInProduction(values, missing))

  if (problems.length > 0 || !isComplete(values, names)) return { ok: false, problems }
  return { ok: true, config: assemble(values, keys) }
}

function readValues(
  texts: Map<VariableName, string | undefined>,
  mode: Mode,
  problems: Problem[],
): Partial<Values> {
  const values: Record<string, unknown> = {}
  for (const [name, text] of texts) {
    const variable: Variable<unknown> = variables[name]
    const result = variable.format.safeParse(text ?? variable.fallback(mode))
    if (result.success) values[name] = result.data
    else
      problems.push(...result.error.issues.map(({ message }) => problemWith(name, variable, message, text)))
  }
  return values
}

function problemWith(name: string, variable: Variable<unknown>, message: string, text = ''): Problem {
  const shown = variable.secret || message.includes('"') ? '' : `, but is "${text.slice(0, 80)}"`
  const example = variable.example === undefined ? '' : `Write for example ${name}=${variable.example}`
  return { variable: name, problem: message + shown, remedy: example || 'Correct it' }
}

// Anything but an honest "development" is held to the rules of production.
function modeOf(text: string): Mode {
  return text === 'development' ? 'development' : 'production'
}

function isComplete(values: Partial<Values>, names: readonly VariableName[]): values is Values {
  return names.every((name) => name in values)
}
