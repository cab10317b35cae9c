import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { ADMIN_API, createClient } from '../src/clients/index.ts'
import { connectDatabase } from '../src/db/index.ts'
import { basic, bearer, send } from '../test/support/http-client.ts'
import type { Answer } from '../test/support/http-client.ts'
import { openBrowsers, VERIFIER } from './browsers.ts'
import { REDIRECT_URI, SECRET } from './cast.ts'
import { startContender } from './contender.ts'
import type { Contender } from './contender.ts'
import { startBenchDatabase } from './database.ts'
import { seedClient, seedUsers } from './revocation-victims.ts'
import type { Victim } from './revocation-victims.ts'
import { percentile, spreadOf } from './statistics.ts'
import { steadyLoad } from './steady-load.ts'
import type { Sample } from './steady-load.ts'

/** Refreshes of other users a second: what a server of this size has to do anyway. */
const PER_SECOND = 40
const QUIET_MS = 5000
const OTHERS = 8
const OPERATOR = 'operator'

type Case = {
  title: string
  tokens: number
  of: 'user' | 'client'
  rounds: number
  /** Revocations in a round, one after another with a pause; for the small ones, which are over before a p99 is. */
  victims: number
}
const cases = (quick: boolean): Case[] => [
  { title: 'a user with 10 tokens', tokens: 10, of: 'user', rounds: 3, victims: quick ? 10 : 50 },
  { title: 'a user with 1,000 tokens', tokens: 1000, of: 'user', rounds: 3, victims: quick ? 5 : 25 },
  { title: 'a user with 100,000 tokens', tokens: 100_000, of: 'user', rounds: quick ? 1 : 3, victims: 1 },
  {
    title: `a client with ${quick ? '200,000' : '1,000,000'} tokens`,
    ...{ tokens: quick ? 200_000 : 1_000_000, of: 'client', rounds: 1, victims: 1 },
  },
]

type Measured = {
  refused: number
  answered: number[]
  done: number[]
  quiet: number[]
  meanwhile: number[]
  ratios: number[]
}

/** How long a revocation takes to its 2xx and to its last row, and what the refreshes of others notice of it. */
export async function benchRevocation(
  { quick, only }: { quick: boolean; only: string },
  cleanUp: (step: () => Promise<unknown>) => void,
  say: (line: string) => void,
): Promise<void> {
  const database = await startBenchDatabase()
  cleanUp(() => database.stop())
  await registerOperator(database.url)
  const ours = await startContender('ours', { databaseUrl: database.url, profile: undefined })
  cleanUp(() => ours.stop())
  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  cleanUp(() => client.end())
  const others = await signOthersIn(ours)
  const [like] = others
  if (!like) throw new Error('nobody is signed in')
  const rows: string[] = []
  for (const one of cases(quick).filter(({ title }) => title.includes(only))) {
    const measured: Measured = { refused: 0, answered: [], done: [], quiet: [], meanwhile: [], ratios: [] }
    for (let round = 0; round < one.rounds; round += 1) {
      process.stderr.write(`${one.title}, round ${round + 1} …\n`)
      const victims = await seed(client, one, round, like.access)
      await measure(ours, client, { victims, others, measured })
    }
    rows.push(rowFor(one, measured))
  }
  say(columns)
  for (const row of rows) say(row)
}

async function seed(client: pg.Client, one: Case, round: number, like: string): Promise<Victim[]> {
  const victims =
    one.of === 'user'
      ? await seedUsers(client, { users: one.victims, tokens: one.tokens, like })
      : [await seedClient(client, { id: `victim-${round}`, tokens: one.tokens, like })]
  await client.query('ANALYZE')
  // What seeding left to write must not fall into the measurement.
  await client.query('CHECKPOINT')
  return victims
}

async function measure(
  ours: Contender,
  client: pg.Client,
  { victims, others, measured }: { victims: Victim[]; others: Tokens[]; measured: Measured },
): Promise<void> {
  const token = await operatorToken(ours)
  const [first] = victims
  if (first) await expectActive(ours, first, true)
  const load = steadyLoad(PER_SECOND, async (turn) => {
    const other = others[turn % others.length]
    const form = { grant_type: 'refresh_token', refresh_token: other?.refresh ?? '' }
    const { status } = await askToken(ours, 'web', form)
    // Being told to come back is an answer too, and a bad one.
    if (status !== 200) measured.refused += 1
  })
  await sleep(1000)
  const quietFrom = performance.now()
  await sleep(QUIET_MS)
  const from = performance.now()
  for (const victim of victims) {
    const startedAt = performance.now()
    const answer = await askAdmin(ours, token, victim.path)
    measured.answered.push(performance.now() - startedAt)
    expect(answer, 200)
    await expectActive(ours, victim, false)
    await untilCompleted(client, answer.json<{ id: string }>().id)
    measured.done.push(performance.now() - startedAt)
    if (victims.length > 1) await sleep(100)
  }
  const to = performance.now()
  await load.stop()
  const between = (begin: number, end: number) =>
    load.samples.filter(({ at }: Sample) => at >= begin && at < end).map(({ ms }) => ms)
  const [quiet, meanwhile] = [between(quietFrom, from), between(from, to)]
  measured.quiet.push(...quiet)
  measured.meanwhile.push(...meanwhile)
  measured.ratios.push(percentile(meanwhile, 99) / percentile(quiet, 99))
}

const columns = [
  '| what | to the 2xx, ms (median, worst) | to the last row, s (median) | refresh p50, quiet → meanwhile, ms | refresh p99, quiet → meanwhile, ms | p99 ratio by round | refused |',
  '| --- | --- | --- | --- | --- | --- | --- |',
].join('\n')

function rowFor({ title }: Case, { refused, answered, done, quiet, meanwhile, ratios }: Measured): string {
  const [two, last, ratio] = [spreadOf(answered), spreadOf(done), spreadOf(ratios)]
  const pair = (p: number) => `${percentile(quiet, p).toFixed(1)} → ${percentile(meanwhile, p).toFixed(1)}`
  const cells = [
    title,
    `${two.median.toFixed(0)}, ${two.max.toFixed(0)}`,
    (last.median / 1000).toFixed(2),
    pair(50),
    pair(99),
    `${ratio.median.toFixed(2)} [${ratio.min.toFixed(2)}–${ratio.max.toFixed(2)}]`,
    String(refused),
  ]
  return `| ${cells.join(' | ')} |`
}

type Tokens = { access: string; refresh: string }

async function signOthersIn(ours: Contender): Promise<Tokens[]> {
  const browsers = openBrowsers(ours)
  const tokens: Tokens[] = []
  for (let index = 0; index < OTHERS; index += 1) {
    const code = await browsers.codeFor(index, 'web')
    const form = {
      grant_type: 'authorization_code',
      code,
      redirect_uri: REDIRECT_URI,
      code_verifier: VERIFIER,
    }
    const answer = await askToken(ours, 'web', form)
    const body = answer.json<{ access_token: string; refresh_token: string }>()
    tokens.push({ access: body.access_token, refresh: body.refresh_token })
  }
  return tokens
}

async function registerOperator(url: string): Promise<void> {
  const timeouts = { connectTimeoutMs: 5000, statementTimeoutMs: 5000, lockTimeoutMs: 5000 }
  const database = connectDatabase({ url, poolMax: 1, ...timeouts, idleInTransactionTimeoutMs: 5000 })
  const metadata = {
    redirect_uris: [],
    grant_types: ['client_credentials'],
    token_endpoint_auth_method: 'client_secret_basic',
    scope: 'revocations:write',
  }
  const made = await createClient(database.prisma, { id: OPERATOR, name: OPERATOR, metadata, secret: SECRET })
  await database.close()
  if (!made.ok) throw new Error(JSON.stringify(made))
}

async function operatorToken(ours: Contender): Promise<string> {
  const form = { grant_type: 'client_credentials', resource: ADMIN_API, scope: 'revocations:write' }
  const answer = await askToken(ours, OPERATOR, form)
  expect(answer, 200)
  return answer.json<{ access_token: string }>().access_token
}

function askToken({ port, issuer }: Contender, id: string, body: Record<string, string>): Promise<Answer> {
  return send({ port, host: new URL(issuer).host }, '/token', { body, headers: basic(id, SECRET) })
}

function askAdmin({ opsPort }: Contender, token: string, path: string): Promise<Answer> {
  return send({ port: opsPort, host: `127.0.0.1:${opsPort}` }, path, {
    method: 'POST',
    body: JSON.stringify({ reason: 'bench' }),
    headers: { ...bearer(token), 'content-type': 'application/json' },
  })
}

async function expectActive({ port, issuer }: Contender, victim: Victim, active: boolean): Promise<void> {
  const asked = { body: { token: victim.probe }, headers: basic(victim.clientId, SECRET) }
  const answer = await send({ port, host: new URL(issuer).host }, '/introspect', asked)
  if (answer.json<{ active: boolean }>().active !== active)
    throw new Error(`a token is ${active ? 'not ' : ''}active: ${answer.text}`)
}

async function untilCompleted(client: pg.Client, id: string): Promise<void> {
  for (;;) {
    const { rows } = await client.query<{ state: string }>('SELECT state FROM revocations WHERE id = $1', [
      id,
    ])
    if (rows[0]?.state === 'completed') return
    await sleep(25)
  }
}

function expect(answer: Answer, status: number): void {
  if (answer.status !== status) throw new Error(`${answer.status}: ${answer.text}`)
}
