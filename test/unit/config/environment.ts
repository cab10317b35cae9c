import { randomSecret, parseKeyring } from '../../../src/crypto/index.ts'
import { type Config, type ConfigSource, parseConfig, type Problem } from '../../../src/config/index.ts'

type Environment = Record<string, string | undefined>

const source: ConfigSource = {
  defaultMode: 'development',
  parseKeyring,
  readFile: () => {
    throw Object.assign(new Error('no such file'), { code: 'ENOENT' })
  },
}

/** The least a production environment must say. */
export const production: Environment = {
  CARDEA_MODE: 'production',
  CARDEA_ISSUER: 'https://id.example.com',
  CARDEA_KEYRING: randomSecret(),
  CARDEA_COOKIE_KEYS: randomSecret(),
  DATABASE_URL: 'postgresql://cardea:pw@db/cardea',
}

/** The Config of an environment that must be sound. */
export function configOf(env: Environment, overrides: Partial<ConfigSource> = {}): Config {
  const result = parseConfig(env, { ...source, ...overrides })
  if (!result.ok) throw new Error(JSON.stringify(result.problems, null, 2))
  return result.config
}

/** The problems of an environment; none when it is sound. */
export function problemsOf(env: Environment, overrides: Partial<ConfigSource> = {}): Problem[] {
  const result = parseConfig(env, { ...source, ...overrides })
  return result.ok ? [] : result.problems
}
