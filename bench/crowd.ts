import http from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { send } from '../test/support/http-client.ts'
import type { Ask } from '../test/support/http-client.ts'
import type { TestServer } from '../test/support/server.ts'
import { createUserAgent, formOf } from '../test/support/user-agent.ts'
import type { UserAgent } from '../test/support/user-agent.ts'
import { authorizePath } from './browsers.ts'
import { PERSON, REDIRECT_URI } from './cast.ts'
import type { Contender } from './contender.ts'

/** They have addresses of their own and the password of the cast. */
export const PEOPLE = 50
/** Sign-ins under way at once while throughput is measured or forms are opened. */
const LANES = 8

/** Sends a filled form until its sender is in, or `until` (by performance.now()); says how often it was told to wait. */
type OpenForm = (until: number) => Promise<{ waited: number; isIn: boolean }>

/** So many sign-in pages, each open in a browser of its own, at an address of its own. */
export async function openForms(ours: Contender, count: number, agent: http.Agent): Promise<OpenForm[]> {
  const forms: OpenForm[] = []
  for (let nth = 0; nth < count; nth += LANES) {
    const few = Array.from({ length: Math.min(LANES, count - nth) }, (_, more) => nth + more)
    forms.push(...(await Promise.all(few.map((one) => openForm(ours, one, agent)))))
  }
  return forms
}

async function openForm(ours: Contender, nth: number, agent: http.Agent): Promise<OpenForm> {
  const browser = browserAt(ours, nth, agent)
  const { location = '' } = await browser.get(authorizePath('web'))
  const { action, fields } = formOf(await browser.get(location), /\/login$/)
  const filled = { ...fields, email: `p${nth % PEOPLE}@example.com`, password: PERSON.password }
  return async (until) => {
    for (let waited = 0; ; waited += 1) {
      if (performance.now() > until) return { waited, isIn: false }
      const answer = await browser.post(action, filled)
      if (answer.status === 303) return { waited, isIn: true }
      if (answer.status !== 503 && answer.status !== 429) throw new Error(`${answer.status}: ${answer.text}`)
      await sleep(Number(answer.headers['retry-after'] ?? 1) * 1000 * (1 + Math.random()))
    }
  }
}

/**
 * Whole sign-ins, from the authorization request to the code, one after the other on each lane, for so many milliseconds. Also tells the
 * processor time that each takes of the server's main thread, which a crowded machine does not distort.
 */
export async function signInsPerSecond(
  ours: Contender,
  ms: number,
): Promise<{ perSecond: number; mainThreadMs: number }> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: LANES })
  const before = (await ours.usage()).mainThreadMs
  const startedAt = performance.now()
  let count = 0
  let nth = 0
  const lane = async () => {
    while (performance.now() < startedAt + ms) {
      await signIn(browserAt(ours, (nth += 1), agent), `p${nth % PEOPLE}@example.com`)
      count += 1
    }
  }
  await Promise.all(Array.from({ length: LANES }, lane))
  const seconds = (performance.now() - startedAt) / 1000
  agent.destroy()
  return { perSecond: count / seconds, mainThreadMs: ((await ours.usage()).mainThreadMs - before) / count }
}

async function signIn(browser: UserAgent, email: string): Promise<void> {
  let answer = await browser.get(authorizePath('web'))
  for (let hops = 0; hops < 8; hops += 1) {
    const { location } = answer
    if (location?.startsWith(REDIRECT_URI)) break
    if (location !== undefined) answer = await browser.get(location)
    else {
      const { action, fields } = formOf(answer, /\/login$/)
      answer = await browser.post(action, { ...fields, email, password: PERSON.password })
    }
  }
  if (!answer.location?.includes('code=')) throw new Error(`no code: ${answer.status} ${answer.text}`)
}

function browserAt({ port, issuer }: Contender, nth: number, agent: http.Agent): UserAgent {
  const forwarded = { 'x-forwarded-for': `10.${(nth >> 16) & 255}.${(nth >> 8) & 255}.${nth & 255}` }
  const ask = (path: string, given: Ask = {}) =>
    send({ port, host: new URL(issuer).host }, path, {
      ...given,
      agent,
      headers: { ...given.headers, ...forwarded },
    })
  return createUserAgent({ issuer, instances: [{ ask } as TestServer['instances'][number]] })
}
