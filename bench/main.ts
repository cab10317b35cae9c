// What a request costs, measured against the engine alone in one interleaved run. See docs/performance.md.
import { loadavg } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { startContender } from './contender.ts'
import type { Contender } from './contender.ts'
import { startBenchDatabase } from './database.ts'
import { benchGrowth } from './growth.ts'
import { benchLogin } from './login.ts'
import { measure } from './measure.ts'
import type { Result } from './measure.ts'
import { planFor, readOptions, usage } from './options.ts'
import type { Options } from './options.ts'
import { describe, megabytes } from './report.ts'
import { benchRevocation } from './revocation.ts'
import { scenarios } from './scenarios.ts'
import { benchStatusLists } from './status-list.ts'

/** After its start a server still collects garbage and opens connections. */
const SETTLE_MS = 1500

const cleanUp: (() => Promise<unknown>)[] = []
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void stopAll().then(() => process.exit(1)))

try {
  const options = readOptions(process.argv.slice(2))
  if (options.bench === 'status-list') await benchStatusLists(options, say)
  else if (options.bench === 'revocation') await benchRevocation(options, (step) => cleanUp.push(step), say)
  else if (options.bench === 'login') await benchLogin(options, (step) => cleanUp.push(step), say)
  else if (options.bench === 'growth') await benchGrowth(options, (step) => cleanUp.push(step), say)
  else await run(options)
} catch (error) {
  process.exitCode = 1
  say(error instanceof TypeError ? `${error.message}\n\n${usage}` : String((error as Error).stack))
} finally {
  await stopAll()
}

async function run(options: Options): Promise<void> {
  const chosen = scenarios.filter(({ name }) => name.includes(options.only))
  if (chosen.length === 0) throw new TypeError(`No scenario has "${options.only}" in its name.`)
  const plan = planFor(options)
  const [load = 0] = loadavg()
  if (load > 1) say(`The machine is busy (load ${load.toFixed(1)}): expect a wide spread.`)

  const database = await startBenchDatabase()
  cleanUp.push(() => database.stop())
  const start = async (name: Contender['name']): Promise<Contender> => {
    const contender = await startContender(name, { databaseUrl: database.url, profile: options.profile })
    cleanUp.push(() => contender.stop())
    return contender
  }
  const ours = await start('ours')
  const bare = await start('bare')
  await sleep(SETTLE_MS)
  const idle = { ours: (await ours.usage()).rssBytes, bare: (await bare.usage()).rssBytes }

  const results: Result[] = []
  for (const scenario of chosen) {
    process.stderr.write(`${scenario.title} …\n`)
    results.push(await measure(scenario, { ours, bare, database, plan }))
  }
  const loaded = { ours: (await ours.usage()).rssBytes, bare: (await bare.usage()).rssBytes }

  say(
    `Node ${process.version}, PostgreSQL ${database.version}. Ratios are ours to the bare engine's: median [spread].\n`,
  )
  say(describe(results))
  say(`\nResident memory, ours: ${megabytes(idle.ours)} idle, ${megabytes(loaded.ours)} loaded.`)
  say(`The bare engine: ${megabytes(idle.bare)} idle, ${megabytes(loaded.bare)} loaded.`)
}

async function stopAll(): Promise<void> {
  for (const step of cleanUp.splice(0).reverse()) await step()
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
