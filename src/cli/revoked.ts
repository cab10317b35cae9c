import { tokensIn } from '../oidc/index.ts'
import type { Revoked } from '../oidc/index.ts'

/** What ended together with a change, as a sentence. */
export function sentenceOf({ counts, state }: Pick<Revoked, 'counts' | 'state'>): string {
  const { sessions, grants } = counts
  if (state === 'running')
    return 'Their access ended. There is so much of it that the server clears it away in the background.'
  return `Ended ${count(sessions, 'session')}, ${count(grants, 'grant')} and ${count(tokensIn(counts), 'token')}.`
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
