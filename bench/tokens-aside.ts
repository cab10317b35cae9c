import { fork } from 'node:child_process'
import { once } from 'node:events'
import { basic, send } from '../test/support/http-client.ts'
import { openBrowsers, VERIFIER } from './browsers.ts'
import { REDIRECT_URI, SECRET } from './cast.ts'
import type { Contender } from './contender.ts'
import type { Sample } from './steady-load.ts'

export type TokenLoadOrder = { port: number; host: string; refreshTokens: string[]; perSecond: number }
/** `at` in milliseconds since 1970; answers other than 200 by their status. */
export type TokenLoadReport = { samples: Sample[]; refused: Record<number, number> }

/** Starts refreshing these tokens so many times a second in another process; `stop` tells how it went. */
export function tokensAside(
  { port, issuer }: Contender,
  { refreshTokens, perSecond }: Pick<TokenLoadOrder, 'refreshTokens' | 'perSecond'>,
): { stop(): Promise<TokenLoadReport> } {
  const child = fork(new URL('./token-load.ts', import.meta.url), { stdio: 'inherit' })
  const order: TokenLoadOrder = { port, host: new URL(issuer).host, refreshTokens, perSecond }
  child.send(order)
  return {
    async stop() {
      const report = once(child, 'message')
      child.send('stop')
      return ((await report) as [TokenLoadReport])[0]
    },
  }
}

/** Signs the cast in eight times; gives the refresh tokens. */
export async function signOthersIn(ours: Contender): Promise<string[]> {
  const browsers = openBrowsers(ours)
  const refreshTokens: string[] = []
  for (let index = 0; index < 8; index += 1) {
    const code = await browsers.codeFor(index, 'web')
    const body = {
      grant_type: 'authorization_code',
      code,
      redirect_uri: REDIRECT_URI,
      code_verifier: VERIFIER,
    }
    const at = { port: ours.port, host: new URL(ours.issuer).host }
    const answer = await send(at, '/token', { body, headers: basic('web', SECRET) })
    refreshTokens.push(answer.json<{ refresh_token: string }>().refresh_token)
  }
  return refreshTokens
}
