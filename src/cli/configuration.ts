import { readFileSync } from 'node:fs'
import { describeProblems, parseConfig } from '../config/index.ts'
import type { Config, Problem } from '../config/index.ts'
import { parseKeyring, randomSecret } from '../crypto/index.ts'
import { Refusal } from './refusal.ts'

type Environment = NodeJS.ProcessEnv

/** Settings that only a production server has: where one is set, nobody means the development database. */
const OF_PRODUCTION = ['DATABASE_URL', 'CARDEA_KEYRING', 'CARDEA_COOKIE_KEYS', 'CARDEA_EMBEDDED_POSTGRES']

/** The whole configuration, or its problems: for the doctor. */
export function readConfig(env: Environment): { ok: true; config: Config } | { ok: false; problems: Problem[] } {
  const defaultMode = OF_PRODUCTION.some((name) => isSet(env, name)) ? 'production' : 'development'
  return parseConfig(env, { defaultMode, readFile: (path) => readFileSync(path, 'utf8'), parseKeyring })
}

/**
 * The configuration for verbs that need nothing but the database. The issuer and the keys are not even read, so that a
 * migration or an operator's shell can do without them. Throws a Refusal.
 */
export function configForDatabase(env: Environment): Config {
  const unneeded = ['CARDEA_ISSUER', 'CARDEA_KEYRING', 'CARDEA_COOKIE_KEYS']
  const needed = Object.entries(env).filter(([name]) => !unneeded.includes(name.replace(/_FILE$/, '')))
  const parsed = readConfig({
    ...Object.fromEntries(needed),
    ...(OF_PRODUCTION.some((name) => isSet(env, name)) ? { CARDEA_MODE: env['CARDEA_MODE'] || 'production' } : {}),
    CARDEA_ISSUER: 'https://not-needed.invalid',
    CARDEA_KEYRING: randomSecret(),
    CARDEA_COOKIE_KEYS: randomSecret(),
  })
  if (!parsed.ok) throw new Refusal('configuration', describeProblems(parsed.problems))
  return parsed.config
}

function isSet(env: Environment, name: string): boolean {
  return [env[name], env[`${name}_FILE`]].some((text) => text !== undefined && text.trim() !== '')
}
