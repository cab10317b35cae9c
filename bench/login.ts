// How many people sign in with a password in a second, against what argon2 itself allows, and what a stampede of them does to tokens.
import http from 'node:http'
import { availableParallelism } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import argon2 from 'argon2'
import { connectDatabase } from '../src/db/index.ts'
import { createPasswordHasher, createUser } from '../src/users/index.ts'
import { basic, send } from '../test/support/http-client.ts'
import type { Ask } from '../test/support/http-client.ts'
import type { TestServer } from '../test/support/server.ts'
import { createUserAgent, formOf } from '../test/support/user-agent.ts'
import type { UserAgent } from '../test/support/user-agent.ts'
import { authorizePath, openBrowsers, VERIFIER } from './browsers.ts'
import { PERSON, REDIRECT_URI, SECRET } from './cast.ts'
import { startContender } from './contender.ts'
import type { Contender } from './contender.ts'
import { startBenchDatabase } from './database.ts'
import { megabytes } from './report.ts'
import { percentile, spreadOf } from './statistics.ts'
import { steadyLoad } from './steady-load.ts'

const STAMPEDE = 500
const PEOPLE = 50
/** Refreshes of others a second: what a server of this size has to do anyway. */
const PER_SECOND = 40
/** Sign-ins under way at once while throughput is measured. */
const LANES = 8

/** `stampedeMs`: who is not in by then stops trying, so that a slow machine is done too. */
type Plan = { boundMs: number; throughputMs: number; quietMs: number; stampedeMs: number; rounds: number }
const planFor = (quick: boolean): Plan =>
  quick
    ? { boundMs: 1500, throughputMs: 4000, quietMs: 5000, stampedeMs: 10_000, rounds: 1 }
    : { boundMs: 4000, throughputMs: 10_000, quietMs: 10_000, stampedeMs: 30_000, rounds: 3 }

export async function benchLogin(
  { quick, profile }: { quick: boolean; profile: string | undefined },
  cleanUp: (step: () => Promise<unknown>) => void,
  say: (line: string) => void,
): Promise<void> {
  const plan = planFor(quick)
  const cores = availableParallelism()
  const database = await startBenchDatabase()
  cleanUp(() => database.stop())
  const hash = await addPeople(database.url)
  const ours = await startContender('ours', {
    ...{ databaseUrl: database.url, profile },
    env: { CARDEA_TRUSTED_PROXIES: '127.0.0.1' },
  })
  cleanUp(() => ours.stop())

  process.stderr.write('argon2 alone …\n')
  const bound = await hashesPerSecond(hash, { ms: plan.boundMs, atOnce: cores })
  process.stderr.write('sign-ins …\n')
  const reached = await signInsPerSecond(ours, plan.throughputMs)
  say(`argon2 alone, ${cores} at once: ${bound.toFixed(1)} a second, ${(bound / cores).toFixed(1)} per core.`)
  say(
    `Whole sign-ins: ${reached.toFixed(1)} a second, ${(reached / cores).toFixed(1)} per core: ` +
      `${((reached / bound) * 100).toFixed(0)} % of the bound.\n`,
  )
  say(
    '| round | token p50, quiet → stampede, ms | p99, quiet → stampede, ms | p99 ratio | seconds | in | asked to wait | tokens refused | RSS before → most |',
  )
  say('| --- | --- | --- | --- | --- | --- | --- | --- | --- |')
  const others = await signOthersIn(ours)
  const ratios: number[] = []
  for (let round = 1; round <= plan.rounds; round += 1) {
    process.stderr.write(`stampede ${round} …\n`)
    const { row, ratio } = await stampede(ours, others, plan)
    say(`| ${round} | ${row}`)
    ratios.push(ratio)
  }
  say(`\np99 of tokens during the stampede: ${spreadOf(ratios).median.toFixed(2)} times the quiet one.`)
}

async function stampede(
  ours: Contender,
  others: string[],
  plan: Plan,
): Promise<{ row: string; ratio: number }> {
  const crowd = new http.Agent({ keepAlive: true, maxSockets: STAMPEDE })
  const forms: OpenForm[] = []
  for (let nth = 0; nth < STAMPEDE; nth += LANES) {
    const few = Array.from({ length: Math.min(LANES, STAMPEDE - nth) }, (_, more) => nth + more)
    forms.push(...(await Promise.all(few.map((one) => openForm(ours, one, crowd)))))
  }
  await sleep(1000)
  const refused: Record<number, number> = {}
  const load = steadyLoad(PER_SECOND, async (turn) => {
    const form = { grant_type: 'refresh_token', refresh_token: others[turn % others.length] ?? '' }
    const headers = basic('web', SECRET)
    const { status } = await send(at(ours), '/token', { body: form, headers, agent: tokens })
    if (status !== 200) refused[status] = (refused[status] ?? 0) + 1
  })
  await sleep(1000)
  const quietFrom = performance.now()
  await sleep(plan.quietMs)
  const before = (await ours.usage()).rssBytes
  let most = before
  let waited = 0
  const from = performance.now()
  const watch = { isOver: false }
  const watching = (async () => {
    while (!watch.isOver) {
      most = Math.max(most, (await ours.usage()).rssBytes)
      await sleep(250)
    }
  })()
  let isIn = 0
  await Promise.all(
    forms.map(async (send) => {
      const sent = await send(from + plan.stampedeMs)
      waited += sent.waited
      isIn += sent.isIn ? 1 : 0
    }),
  )
  const to = performance.now()
  watch.isOver = true
  await watching
  await load.stop()
  crowd.destroy()
  const between = (begin: number, end: number) =>
    load.samples.filter(({ at: sent }) => sent >= begin && sent < end).map(({ ms }) => ms)
  const [quiet, meanwhile] = [between(quietFrom, from), between(from, to)]
  const pair = (p: number) => `${percentile(quiet, p).toFixed(1)} → ${percentile(meanwhile, p).toFixed(1)}`
  const ratio = percentile(meanwhile, 99) / percentile(quiet, 99)
  const seconds = ((to - from) / 1000).toFixed(1)
  const bad = Object.keys(refused).length > 0 ? JSON.stringify(refused) : 'none'
  const memory = `${megabytes(before)} → ${megabytes(most)}`
  return {
    ratio,
    row: `${[pair(50), pair(99), ratio.toFixed(2), seconds, `${isIn} of ${STAMPEDE}`, waited, bad, memory].join(' | ')} |`,
  }
}

type OpenForm = (until: number) => Promise<{ waited: number; isIn: boolean }>

/** A sign-in page, open in a browser of its own, at an address of its own; gives what sends it until it is in, and says how often it was told to wait. */
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

/** Whole sign-ins, from the authorization request to the code, one after the other on each lane. */
async function signInsPerSecond(ours: Contender, ms: number): Promise<number> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: LANES })
  const until = performance.now() + ms
  const startedAt = performance.now()
  let count = 0
  let nth = 0
  const lane = async () => {
    while (performance.now() < until) {
      const browser = browserAt(ours, (nth += 1), agent)
      let answer = await browser.get(authorizePath('web'))
      for (let hops = 0; hops < 8; hops += 1) {
        const { location } = answer
        if (location?.startsWith(REDIRECT_URI)) break
        if (location !== undefined) {
          answer = await browser.get(location)
          continue
        }
        const { action, fields } = formOf(answer, /\/login$/)
        const filled = { ...fields, email: `p${nth % PEOPLE}@example.com`, password: PERSON.password }
        answer = await browser.post(action, filled)
      }
      if (!answer.location?.includes('code=')) throw new Error(`no code: ${answer.status} ${answer.text}`)
      count += 1
    }
  }
  await Promise.all(Array.from({ length: LANES }, lane))
  agent.destroy()
  return (count * 1000) / (performance.now() - startedAt)
}

async function hashesPerSecond(
  hash: string,
  { ms, atOnce }: { ms: number; atOnce: number },
): Promise<number> {
  const startedAt = performance.now()
  let count = 0
  const lane = async () => {
    while (performance.now() < startedAt + ms) {
      await argon2.verify(hash, PERSON.password)
      count += 1
    }
  }
  await Promise.all(Array.from({ length: atOnce }, lane))
  return (count * 1000) / (performance.now() - startedAt)
}

const tokens = new http.Agent({ keepAlive: true, maxSockets: 100 })
const at = ({ port, issuer }: Contender) => ({ port, host: new URL(issuer).host })

function browserAt(ours: Contender, nth: number, agent: http.Agent): UserAgent {
  const forwarded = { 'x-forwarded-for': `10.${(nth >> 16) & 255}.${(nth >> 8) & 255}.${nth & 255}` }
  const ask = (path: string, given: Ask = {}) =>
    send(at(ours), path, { ...given, agent, headers: { ...given.headers, ...forwarded } })
  return createUserAgent({ issuer: ours.issuer, instances: [{ ask } as TestServer['instances'][number]] })
}

async function signOthersIn(ours: Contender): Promise<string[]> {
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
    const answer = await send(at(ours), '/token', { body, headers: basic('web', SECRET) })
    refreshTokens.push(answer.json<{ refresh_token: string }>().refresh_token)
  }
  return refreshTokens
}

/** People with the password of the cast; gives its hash. */
async function addPeople(url: string): Promise<string> {
  const timeouts = { connectTimeoutMs: 5000, statementTimeoutMs: 5000, lockTimeoutMs: 5000 }
  const database = connectDatabase({ url, poolMax: 2, ...timeouts, idleInTransactionTimeoutMs: 5000 })
  const passwordHash = await createPasswordHasher().hash(PERSON.password)
  for (let nth = 0; nth < PEOPLE; nth += 1)
    await createUser(database.prisma, { email: `p${nth}@example.com`, passwordHash, emailVerified: true })
  await database.close()
  return passwordHash
}
