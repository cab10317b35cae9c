import { parseEnv } from 'node:util'
import { expect, test } from '@jest/globals'
import { parseConfig } from '../../../src/config/index.ts'
import { parseKeyring, randomSecret } from '../../../src/crypto/index.ts'
import { read, unknownSettings } from './files.ts'

const example = read('.env.example')

test('.env.example names settings that exist, those left out as comments too', () => {
  const names = [...example.matchAll(/^#?([A-Z]\w+)=/gm)].map(([, name = '']) => name)
  expect(names).toEqual(expect.arrayContaining(['CARDEA_ISSUER', 'DATABASE_URL', 'CARDEA_KEYRING']))
  expect(unknownSettings(names)).toEqual([])
})

test('.env.example is a production configuration as soon as the keys are added, and not before', () => {
  const parse = (env: NodeJS.Dict<string>) =>
    parseConfig(env, { defaultMode: 'production', readFile: String, parseKeyring })
  const missing = parse(parseEnv(example))
  expect(missing.ok ? [] : missing.problems.map(({ variable }) => variable)).toEqual([
    'CARDEA_KEYRING',
    'CARDEA_COOKIE_KEYS',
  ])
  const keys = `CARDEA_KEYRING=${randomSecret()}\nCARDEA_COOKIE_KEYS=${randomSecret()}\n`
  expect(parse(parseEnv(example + keys)).ok).toBe(true)
})

test('.env.example shows the defaults that apply', () => {
  const shown = parseEnv(example.replaceAll(/^#(?=[A-Z]\w+=.)/gm, ''))
  const keys = { CARDEA_KEYRING: randomSecret(), CARDEA_COOKIE_KEYS: randomSecret() }
  const configOf = (env: NodeJS.Dict<string>) => {
    const parsed = parseConfig(
      { ...env, ...keys },
      { defaultMode: 'production', readFile: String, parseKeyring },
    )
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
    return parsed.config
  }
  // The one line that is there for its value to be changed to.
  expect(shown['CARDEA_HOST']).toBe('127.0.0.1')
  const { listen: _shown, ...all } = configOf(shown)
  const { listen: _default, ...few } = configOf(parseEnv(example))
  expect(all).toEqual(few)
})
