import { openDevelopment } from '../development/index.ts'
import { readConfig } from './configuration.ts'

/** The sealing keys, newest first, for verbs that open or seal something; null where the configuration cannot be read. */
export function keyringOf(env: NodeJS.ProcessEnv): readonly Buffer[] | null {
  const parsed = readConfig(env)
  if (!parsed.ok) return null
  const { config } = parsed
  if (config.keys.keyring) return config.keys.keyring
  return config.mode === 'development' ? openDevelopment(config).secrets.keyring : null
}
