import type { RevocationCounts } from '../oidc/index.ts'

/** What ended together with a change, as a sentence. */
export function sentenceOf({ sessions, grants, tokens }: RevocationCounts): string {
  return `Ended ${count(sessions, 'session')}, ${count(grants, 'grant')} and ${count(tokens, 'token')}.`
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
