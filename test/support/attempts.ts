import { expect } from '@jest/globals'
import type { StoredClient } from '../../src/clients/index.ts'
import { reach } from './authorize.ts'
import type { Answer } from './http-client.ts'
import type { Person } from './people.ts'
import type { TestServer } from './server.ts'
import { through } from './through.ts'
import { formOf } from './user-agent.ts'
import type { UserAgent } from './user-agent.ts'

/** What the page said to an attempt at a password or a code. */
export type Verdict = 'accepted' | 'wrong' | 'throttled' | 'busy' | `unexpected ${number}`

export function verdictOf({ status, location, text }: Answer): Verdict {
  if (status === 303 && location !== undefined) return 'accepted'
  if (status === 429 && text.includes('too many attempts')) return 'throttled'
  if (status === 422 && /is not right|is not one of yours/.test(text)) return 'wrong'
  // Too many passwords at once for all people together: this one was not looked at, and not counted.
  if (status === 503) return 'busy'
  return `unexpected ${status}`
}

/**
 * How many wrong passwords may have been looked at since then: ten, and one more after each of the delays of 1, 2, 4 … seconds that
 * are over by now.
 */
function mostLookedAt(since: number): number {
  return 10 + Math.floor(Math.log2((performance.now() - since) / 1000 + 1))
}

/** Ten are looked at, more only as the delays allow, and the rest has to wait. */
export function expectDelayed(verdicts: readonly Verdict[], since: number): void {
  const lookedAt = verdicts.filter((verdict) => verdict === 'wrong' || verdict === 'accepted').length
  expect(lookedAt).toBeGreaterThanOrEqual(Math.min(10, verdicts.length))
  expect(lookedAt).toBeLessThanOrEqual(mostLookedAt(since))
  const refused = verdicts.filter((verdict) => verdict === 'throttled' || verdict === 'busy')
  expect(refused).toHaveLength(verdicts.length - lookedAt)
  if (verdicts.length > 10) expect(verdicts).toContain('throttled')
}

/** The server as somebody at this address reaches it, through a proxy that says so. */
export const at = (server: TestServer, address: string): TestServer =>
  through(server, { headers: { 'x-forwarded-for': address } })

export type Step = 'login' | 'totp' | 'recovery-code'
export type Fill = Record<string, string>

/** A sign-in that has come to a form, which can be sent any number of times, from wherever. */
export async function atForm(
  server: TestServer,
  client: StoredClient,
  person: Person | null,
  step: Step,
  agent?: UserAgent,
): Promise<(fill: Fill, headers?: Record<string, string>) => Promise<Answer>> {
  const page = step === 'recovery-code' ? 'totp' : step
  const sitting = await reach(server, client, person, page, {
    params: { prompt: 'login' },
    ...(agent ? { agent } : {}),
  })
  const { fields } = formOf(sitting.page, new RegExp(`/${page}$`))
  return (fill, headers = {}) =>
    sitting.agent.clone().post(`${sitting.at}/${step}`, { ...fields, ...fill }, { headers })
}

export const from = (address: string) => ({ 'x-forwarded-for': address })
