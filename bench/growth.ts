import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { startContender } from './contender.ts'
import type { Contender } from './contender.ts'
import { startBenchDatabase } from './database.ts'
import type { BenchDatabase } from './database.ts'
import { comparePartitions } from './growth-partitions.ts'
import { seedRows, sizeOf } from './growth-rows.ts'
import { soak } from './growth-soak.ts'
import { holdSweep } from './held-sweep.ts'
import type { HeldSweep } from './held-sweep.ts'
import type { Options } from './options.ts'
import { megabytes } from './report.ts'
import { percentile, spreadOf } from './statistics.ts'
import { signOthersIn, tokensAside } from './tokens-aside.ts'

/** Refreshes a second: what a server of this size has to do anyway. */
const PER_SECOND = 40
const QUIET_MS = 20_000
const LIVING = 100_000

type Say = (line: string) => void
type Stage = { ours: Contender; client: pg.Client; database: BenchDatabase; refreshTokens: string[] }

/**
 * What sweeping many expired rows costs those who refresh meanwhile, how fast it is, and whether the tables stay as large as they are while
 * tokens come and go; and what dividing the table would cost instead. `only`: sweep, soak or partitions.
 */
export async function benchGrowth(
  { quick, only, rows, minutes }: Pick<Options, 'quick' | 'only' | 'rows' | 'minutes'>,
  cleanUp: (step: () => Promise<unknown>) => void,
  say: Say,
): Promise<void> {
  const database = await startBenchDatabase()
  cleanUp(() => database.stop())
  const ours = await startContender('ours', { databaseUrl: database.url, profile: undefined })
  cleanUp(() => ours.stop())
  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  cleanUp(() => client.end())
  const refreshTokens = await signOthersIn(ours)
  const stage: Stage = { ours, client, database, refreshTokens }
  const held = await holdSweep(client)
  const wants = (part: string) => part.includes(only)
  if (wants('partitions'))
    await comparePartitions(
      client,
      { rows: quick ? 300_000 : 1_500_000, walBytes: () => database.walBytes() },
      say,
    )
  if (wants('sweep'))
    await measureSweep(
      stage,
      held,
      { rows: rows ?? (quick ? 1_000_000 : 10_000_000), rounds: quick ? 3 : 5 },
      say,
    )
  if (wants('soak')) await soak(stage, held, { seconds: minutes ? minutes * 60 : quick ? 600 : 3600 }, say)
}

async function measureSweep(
  { ours, client, database, refreshTokens }: Stage,
  held: HeldSweep,
  { rows, rounds }: { rows: number; rounds: number },
  say: Say,
): Promise<void> {
  process.stderr.write(`${rows} rows are made …\n`)
  await seedRows(client, { expired: rows, living: LIVING })
  const before = await sizeOf(client)
  tell(say, 'before', before)
  const tokens = tokensAside(ours, { refreshTokens, perSecond: PER_SECOND })
  await sleep(3000)
  const windows: { quiet: [number, number]; meanwhile: [number, number]; wal: number }[] = []
  for (let round = 0; round < rounds; round += 1) {
    process.stderr.write(`round ${round + 1} …\n`)
    const from = Date.now()
    await sleep(round === 0 ? 3 * QUIET_MS : QUIET_MS)
    const to = Date.now()
    const wal = await database.walBytes()
    await held.round()
    windows.push({
      ...{ quiet: [from, to], meanwhile: [to, Date.now()] },
      wal: (await database.walBytes()) - wal,
    })
    await sleep(1000)
  }
  const { samples, refused } = await tokens.stop()
  const within = ([from, to]: [number, number]) =>
    samples.filter(({ at }) => at >= from && at < to).map(({ ms }) => ms)
  const after = await sizeOf(client)
  tell(say, 'after', after)
  const removed = before.expired - after.expired
  const seconds = windows.reduce((sum, { meanwhile: [from, to] }) => sum + (to - from) / 1000, 0)
  const worth = (ms: number[]) =>
    `p50 ${percentile(ms, 50).toFixed(1)}, p99 ${percentile(ms, 99).toFixed(1)} ms`
  for (const [nth, { quiet, meanwhile }] of windows.entries())
    say(`round ${nth + 1}: before ${worth(within(quiet))}; while sweeping ${worth(within(meanwhile))}`)
  const ratios = spreadOf(
    windows.map(({ quiet, meanwhile }) => percentile(within(meanwhile), 99) / percentile(within(quiet), 99)),
  )
  say(
    `p99 of refreshes while sweeping, against the stretch before: ${ratios.median.toFixed(2)} [${ratios.min.toFixed(2)}–${ratios.max.toFixed(2)}]`,
  )
  const wal = windows.reduce((sum, window) => sum + window.wal, 0)
  say(
    `removed: ${removed} rows in ${seconds.toFixed(0)} s, ${(removed / seconds).toFixed(0)} a second, ${(wal / removed).toFixed(0)} bytes of WAL each (refreshes included)`,
  )
  say(`refused: ${JSON.stringify(refused)}; used and unexpired rows lost: ${await lost(client)}`)
}

/** How many of the rows that were used and have not expired are not there any more. */
async function lost(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ left: number }>(
    `SELECT count(*)::int AS left FROM tokens t JOIN generate_series(1, ${LIVING}) n ON t.digest = sha256(convert_to('living' || n, 'UTF8'))`,
  )
  return LIVING - (rows[0]?.left ?? 0)
}

function tell(
  say: Say,
  when: string,
  { table, indexes, expired, living }: Awaited<ReturnType<typeof sizeOf>>,
): void {
  say(
    `${when}: ${expired} rows expired, ${living} not; tables ${megabytes(table)}, indexes ${megabytes(indexes)}`,
  )
}
