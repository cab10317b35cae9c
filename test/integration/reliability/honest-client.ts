import { setTimeout as sleep } from 'node:timers/promises'
import { bearer } from '../../support/http-client.ts'
import type { Answer } from '../../support/http-client.ts'
import type { addClient, Person } from '../../support/people.ts'
import { redeem, refresh, signIn } from '../../support/sign-in.ts'
import type { Tokens } from '../../support/sign-in.ts'
import type { Instance, TestServer } from '../../support/server.ts'

type Client = Awaited<ReturnType<typeof addClient>>

const SCOPE = { scope: 'openid' }

/** What one refresh token family has come to, as its client was told. */
export type Family = { client: Client; refreshToken: string; accessTokens: string[]; revoked: boolean }
/** An answer that nothing excuses. */
export type Violation = string

/**
 * A client that does everything right while things go wrong around it: sends again what was answered 503 or not at all, and
 * believes what it was told. Whatever it is told must then be true.
 */
export function createHonestClient(server: TestServer, violations: Violation[]) {
  async function insist(
    what: string,
    send: () => Promise<Answer>,
  ): Promise<{ answer: Answer; tries: number }> {
    for (let tries = 1; tries < 200; tries += 1) {
      const answer = await send()
      if (answer.status !== 503) return { answer, tries }
      await sleep(20)
    }
    throw new Error(`${what}: no answer after 200 tries`)
  }

  const reloading: Instance['ask'] = async (...asked) => {
    const { answer } = await insist('page', () => server.ask(...asked))
    return answer
  }
  const patient = { ...server, instances: server.instances.map((one) => ({ ...one, ask: reloading })) }

  /** Signs in and redeems; null when the answer to the redemption was lost for good. */
  async function begin(client: Client, person: Person): Promise<Family | null> {
    const signedIn = await signIn(patient, client, person, SCOPE).catch(() => null)
    // The browser asked for the code again after its first answer was lost: then it has to start anew.
    if (!signedIn) return null
    const { answer, tries } = await insist('code', () => redeem(server, client, signedIn))
    if (answer.status === 200) {
      const { refresh_token: refreshToken, access_token } = answer.json<Tokens>()
      return { client, refreshToken, accessTokens: [access_token], revoked: false }
    }
    // The one excuse: it was redeemed, and the answer was lost. Then the second try is a replay.
    if (tries === 1) violations.push(`a fresh code was refused: ${answer.status} ${answer.text}`)
    return null
  }

  async function rotate(family: Family): Promise<void> {
    const { answer } = await insist('refresh', () => refresh(server, family.client, family.refreshToken))
    if (family.revoked) {
      if (answer.status !== 400) violations.push(`a revoked family was refreshed: ${answer.status}`)
      return
    }
    if (answer.status !== 200) {
      violations.push(`a living family was not refreshed: ${answer.status} ${answer.text}`)
      return
    }
    const { refresh_token, access_token } = answer.json<Tokens>()
    family.refreshToken = refresh_token
    family.accessTokens.push(access_token)
  }

  async function revoke(family: Family): Promise<void> {
    const body = { token: family.refreshToken, client_id: family.client.id }
    const { answer } = await insist('revocation', () => server.ask('/revoke', { body }))
    if (answer.status !== 200) violations.push(`a revocation was refused: ${answer.status}`)
    family.revoked = true
  }

  /** Uses every access token the family ever got. */
  async function verify(family: Family): Promise<void> {
    for (const token of family.accessTokens) {
      const use = () => server.ask('/userinfo', { headers: bearer(token) })
      const { answer } = await insist('userinfo', use)
      if (answer.status !== (family.revoked ? 401 : 200))
        violations.push(`a token ${family.revoked ? 'after' : 'without'} revocation: ${answer.status}`)
    }
  }

  return { begin, rotate, revoke, verify }
}
