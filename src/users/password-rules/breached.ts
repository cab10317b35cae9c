import { createHash } from 'node:crypto'

/**
 * A list of passwords that have leaked. `find` says whether a SHA-1 (40 hexadecimal digits, upper case) is in it, and throws when that
 * cannot be found out.
 */
export type BreachedLookup = {
  find: (sha1: string) => Promise<boolean>
  /** Told of each outcome; `failed` comes with what was the matter. */
  onOutcome?: ((outcome: 'clean' | 'breached' | 'failed', error?: Error) => void) | undefined
}

/**
 * Whether a password is in the list. When the list cannot be asked the answer is no: nobody is kept from a new password because
 * somebody else's server is away, and `onOutcome` is told.
 */
export async function wasBreached({ find, onOutcome }: BreachedLookup, password: string): Promise<boolean> {
  try {
    const found = await anyOf(find, password)
    onOutcome?.(found ? 'breached' : 'clean')
    return found
  } catch (error) {
    onOutcome?.('failed', error instanceof Error ? error : new Error(String(error)))
    return false
  }
}

// Lists hold what people typed elsewhere; what we hash is the normal form. Only rarely are these two.
async function anyOf(find: BreachedLookup['find'], password: string): Promise<boolean> {
  for (const text of new Set([password, password.normalize('NFKC')])) if (await find(sha1(text))) return true
  return false
}

function sha1(text: string): string {
  return createHash('sha1').update(text).digest('hex').toUpperCase()
}
