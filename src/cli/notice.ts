import { createSealer } from '../crypto/index.ts'
import type { Sealer } from '../crypto/index.ts'
import { keyringOf } from './keyring.ts'
import type { Terminal } from './terminal.ts'

/**
 * Seals the mails that tell users what was done to their account, for the server that will send them. Null where this command does not
 * know the server's keys: sealed under others, a mail would never go out.
 */
export function noticeSealer({ env }: Pick<Terminal, 'env'>): Sealer | null {
  const keyring = keyringOf(env)
  return keyring && createSealer([...keyring])
}

/** For whoever ran the command: that nobody is told, and what is missing for it. */
export function untoldLines(sealer: Sealer | null): string[] {
  return sealer
    ? []
    : ['They are told nothing by mail: that needs the whole configuration, with CARDEA_KEYRING.']
}
