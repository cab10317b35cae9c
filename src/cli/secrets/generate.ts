import type { Command } from 'commander'
import { randomSecret } from '../../crypto/index.ts'
import { print } from '../terminal.ts'
import type { Terminal } from '../terminal.ts'
import { addVerb } from '../verb.ts'
import type { VerbOptions } from '../verb.ts'

/** `cardea secrets generate`: a first key for each ring, as lines for a file of environment variables. */
export function addGenerate(secrets: Command, terminal: Terminal): void {
  addVerb(secrets, {
    usage: 'generate',
    summary: 'print new random keys for CARDEA_KEYRING and CARDEA_COOKIE_KEYS',
    example: 'cardea secrets generate >> .env',
  }).action(({ json }: VerbOptions) => {
    const keys = { CARDEA_KEYRING: randomSecret(), CARDEA_COOKIE_KEYS: randomSecret() }
    print(
      terminal,
      json,
      keys,
      Object.entries(keys).map(([name, key]) => `${name}=${key}`),
    )
  })
}
