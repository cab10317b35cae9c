import type { Problem } from './problem.ts'
import type { Values } from './variables.ts'
import type { Mode } from './variable.ts'
import { weaknessOf } from './weak-secret.ts'

/** Reads a list of base64url keys and throws an Error that names a bad one by its place (the crypto room's `parseKeyring`). */
export type KeyringParser = (text: string, length: { min: number; max: number }) => Buffer[]

export interface Keys {
  keyring: Buffer[] | undefined
  cookie: Buffer[] | undefined
}

const recipe = 'Make them with `cardea secrets generate`, or each key with: openssl rand -base64 32'

/** Reads the sealing and cookie keys. Production refuses missing and weak ones; development may leave them out. */
export function readKeys(
  values: Partial<Values>,
  {
    mode,
    parseKeyring,
    missing,
  }: { mode: Mode; parseKeyring: KeyringParser; missing: (name: keyof Values) => boolean },
  problems: Problem[],
): Keys {
  const read = (variable: 'CARDEA_KEYRING' | 'CARDEA_COOKIE_KEYS', max: number): Buffer[] | undefined => {
    const text = values[variable]
    if (text === undefined) {
      if (mode === 'production' && missing(variable))
        problems.push({ variable, problem: 'is missing', remedy: recipe })
      return undefined
    }
    try {
      const keys = parseKeyring(text, { min: 32, max })
      if (mode === 'production') problems.push(...weakOnes(variable, keys))
      return keys
    } catch (error) {
      const problem = error instanceof Error ? error.message : 'cannot be read'
      problems.push({ variable, problem, remedy: recipe })
      return undefined
    }
  }
  const keys = { keyring: read('CARDEA_KEYRING', 32), cookie: read('CARDEA_COOKIE_KEYS', Infinity) }
  if (keys.keyring?.some((key) => keys.cookie?.some((other) => other.equals(key)))) {
    const problem = 'shares a key with CARDEA_KEYRING'
    problems.push({
      variable: 'CARDEA_COOKIE_KEYS',
      problem,
      remedy: `Use each key for one purpose. ${recipe}`,
    })
  }
  return keys
}

function weakOnes(variable: string, keys: readonly Buffer[]): Problem[] {
  return keys.flatMap((key, index) => {
    const weakness = weaknessOf(key)
    return weakness === undefined
      ? []
      : [{ variable, problem: `key ${index + 1} ${weakness}`, remedy: recipe }]
  })
}
