import { readFileSync } from 'node:fs'
import { describeProblems, parseConfig } from '../config/index.ts'
import type { Config, Problem } from '../config/index.ts'
import { parseKeyring, randomSecret } from '../crypto/index.ts'
import { Refusal } from './refusal.ts'
import { MACHINE_VARIABLES } from './remote/index.ts'

type Environment = NodeJS.ProcessEnv
type Parsed = { ok: true; config: Config } | { ok: false; problems: Problem[] }

/** Settings that only a production server has: where one of them is set, nobody means the development database. */
const OF_PRODUCTION = ['DATABASE_URL', 'CARDEA_KEYRING', 'CARDEA_COOKIE_KEYS', 'CARDEA_EMBEDDED_POSTGRES']
const NOT_FOR_DATABASE = ['CARDEA_ISSUER', 'CARDEA_KEYRING', 'CARDEA_COOKIE_KEYS']
const OF_THE_COMMAND: readonly string[] = MACHINE_VARIABLES

/** The whole configuration, or every problem it has. */
export function readConfig(env: Environment): Parsed {
  return parse(env, modeOf(env))
}

/**
 * The configuration for verbs that need nothing but the database. The issuer and the keys are not even read, so that a
 * migration step or an operator's shell can do without them. Throws a Refusal.
 */
export function configForDatabase(env: Environment): Config {
  const others = Object.entries(env).filter(
    ([name]) => !NOT_FOR_DATABASE.includes(name.replace(/_FILE$/, '')) && !OF_THE_COMMAND.includes(name),
  )
  const standIns = {
    CARDEA_ISSUER: 'https://not-needed.invalid',
    CARDEA_KEYRING: randomSecret(),
    CARDEA_COOKIE_KEYS: randomSecret(),
  }
  const parsed = parse({ ...Object.fromEntries(others), ...standIns }, modeOf(env))
  if (!parsed.ok) throw new Refusal('configuration', describeProblems(parsed.problems))
  return parsed.config
}

function parse(env: Environment, defaultMode: Config['mode']): Parsed {
  return parseConfig(env, { defaultMode, readFile: (path) => readFileSync(path, 'utf8'), parseKeyring })
}

/** The mode where CARDEA_MODE does not say. */
function modeOf(env: Environment): Config['mode'] {
  const isSet = (name: string) => [env[name], env[`${name}_FILE`]].some((text) => (text ?? '').trim() !== '')
  return OF_PRODUCTION.some(isSet) ? 'production' : 'development'
}
