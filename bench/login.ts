// How many people sign in with a password in a second, against what argon2 itself allows, and what a stampede of them does to tokens.
import { availableParallelism } from 'node:os'
import argon2 from 'argon2'
import { connectDatabase } from '../src/db/index.ts'
import { createPasswordHasher, createUser } from '../src/users/index.ts'
import { PERSON } from './cast.ts'
import { startContender } from './contender.ts'
import type { Contender } from './contender.ts'
import { PEOPLE, signInsPerSecond } from './crowd.ts'
import { startBenchDatabase } from './database.ts'
import type { Options } from './options.ts'
import { megabytes } from './report.ts'
import { stampede, STAMPEDE } from './stampede.ts'
import type { Stampede } from './stampede.ts'
import { spreadOf } from './statistics.ts'
import { signOthersIn } from './tokens-aside.ts'

type Plan = { boundMs: number; throughputMs: number; quietMs: number; stampedeMs: number; rounds: number }
const planFor = (quick: boolean): Plan =>
  quick
    ? { boundMs: 1500, throughputMs: 4000, quietMs: 5000, stampedeMs: 10_000, rounds: 1 }
    : { boundMs: 2000, throughputMs: 5000, quietMs: 8000, stampedeMs: 12_000, rounds: 5 }

type Side = {
  name: string
  server: Contender
  refreshTokens: string[]
  reached: number[]
  rounds: Stampede[]
}

const columns =
  'round | server | hashes/s | sign-ins/s | of the bound | main thread each, ms | token p50, ms | p99, ms | p99 ratio | worst, ms | seconds | in | asked to wait | tokens refused | RSS'

export async function benchLogin(
  { quick, profile, against }: Pick<Options, 'quick' | 'profile' | 'against'>,
  cleanUp: (step: () => Promise<unknown>) => void,
  say: (line: string) => void,
): Promise<void> {
  const plan = planFor(quick)
  const cores = availableParallelism()
  const hash = await createPasswordHasher().hash(PERSON.password)
  const sides: Side[] = []
  for (const checkout of [undefined, ...(against === undefined ? [] : [against])]) {
    const database = await startBenchDatabase()
    cleanUp(() => database.stop())
    await addPeople(database.url, hash)
    const server = await startContender('ours', {
      ...{ databaseUrl: database.url, profile, checkout },
      env: { CARDEA_TRUSTED_PROXIES: '127.0.0.1' },
    })
    cleanUp(() => server.stop())
    const refreshTokens = await signOthersIn(server)
    sides.push({ name: checkout ?? 'ours', server, refreshTokens, reached: [], rounds: [] })
  }

  say(`| ${columns} |`)
  say(`|${' --- |'.repeat(columns.split('|').length)}`)
  for (let round = 1; round <= plan.rounds; round += 1)
    for (const side of round % 2 === 0 ? sides.toReversed() : sides) {
      process.stderr.write(`round ${round}, ${side.name}: argon2 alone …`)
      const bound = await hashesPerSecond(hash, { ms: plan.boundMs, atOnce: cores })
      process.stderr.write(' sign-ins …')
      const signIns = await signInsPerSecond(side.server, plan.throughputMs)
      process.stderr.write(' stampede …\n')
      const storm = await stampede(side.server, side.refreshTokens, plan)
      side.reached.push(signIns.perSecond / bound)
      side.rounds.push(storm)
      say(`| ${[round, side.name, bound.toFixed(1), ...cellsOf(signIns, bound, storm)].join(' | ')} |`)
    }

  say(`\n${cores} cores; hashes: argon2 alone, ${cores} at once. Medians [spread]:`)
  for (const { name, reached, rounds } of sides) {
    const ratio = ({ quiet, meanwhile }: Stampede) => meanwhile.p99 / quiet.p99
    say(
      `${name}: sign-ins ${spread(reached.map((part) => part * 100))} % of the bound; ` +
        `p99 of tokens in the stampede ${spread(rounds.map(ratio))} times the quiet one, p50 ` +
        `${spread(rounds.map(({ quiet, meanwhile }) => meanwhile.p50 / quiet.p50))} times.`,
    )
  }
}

function cellsOf(
  { perSecond, mainThreadMs }: { perSecond: number; mainThreadMs: number },
  bound: number,
  storm: Stampede,
): string[] {
  const { quiet, meanwhile, refused } = storm
  const pair = (of: keyof Stampede['quiet']) => `${quiet[of].toFixed(1)} → ${meanwhile[of].toFixed(1)}`
  return [
    perSecond.toFixed(1),
    `${((perSecond / bound) * 100).toFixed(0)} %`,
    mainThreadMs.toFixed(1),
    pair('p50'),
    pair('p99'),
    (meanwhile.p99 / quiet.p99).toFixed(2),
    pair('worst'),
    storm.seconds.toFixed(1),
    `${storm.isIn} of ${STAMPEDE}`,
    String(storm.waited),
    Object.keys(refused).length > 0 ? JSON.stringify(refused) : 'none',
    `${megabytes(storm.rssBefore)} → ${megabytes(storm.rssMost)}`,
  ]
}

function spread(values: number[]): string {
  const { median, min, max } = spreadOf(values)
  return `${median.toFixed(1)} [${min.toFixed(1)}–${max.toFixed(1)}]`
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

/** People with the password of the cast. */
async function addPeople(url: string, passwordHash: string): Promise<void> {
  const timeouts = { connectTimeoutMs: 5000, statementTimeoutMs: 5000, lockTimeoutMs: 5000 }
  const database = connectDatabase({ url, poolMax: 2, ...timeouts, idleInTransactionTimeoutMs: 5000 })
  for (let nth = 0; nth < PEOPLE; nth += 1)
    await createUser(database.prisma, { email: `p${nth}@example.com`, passwordHash, emailVerified: true })
  await database.close()
}
