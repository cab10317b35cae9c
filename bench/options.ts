import { parseArgs } from 'node:util'

/**
 * `requests` against the bare engine; `login`: sign-ins, and a stampede of them; `status-list`: what a list of many tokens costs;
 * `revocation`: how long one takes; `growth`: what sweeping expired rows costs others, and whether tables stay small.
 */
const benches = ['requests', 'login', 'status-list', 'revocation', 'growth'] as const

export type Options = {
  bench: (typeof benches)[number]
  /** Fewer and shorter rounds: to see that it runs, and roughly where things stand. */
  quick: boolean
  /** Only scenarios whose name contains this. */
  only: string
  /** Where each server writes a CPU profile when it stops; profiling distorts the figures. */
  profile: string | undefined
  /** `login` only: another checkout of this project, measured in turns with this one. */
  against: string | undefined
  /** `growth` only: how many expired rows there are at first. */
  rows: number | undefined
  /** `growth` only: how long the soak takes. */
  minutes: number | undefined
}

export const usage = `npm run bench -- [${benches.join('|')}] [--quick] [--only <part of a name>] [--profile <folder>] [--against <checkout>] [--rows <n>] [--minutes <n>]`

/** Reads the command line; throws a TypeError that names an argument it does not know. */
export function readOptions(args: string[]): Options {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string', default: '' },
      profile: { type: 'string' },
      against: { type: 'string' },
      rows: { type: 'string' },
      minutes: { type: 'string' },
    },
  })
  const [name = 'requests', ...more] = positionals
  const bench = benches.find((known) => known === name)
  if (!bench || more.length > 0) throw new TypeError(`There is no bench "${positionals.join(' ')}".`)
  const rows = wholeNumber('--rows', values.rows)
  const minutes = wholeNumber('--minutes', values.minutes)
  return {
    ...{ bench, rows, minutes },
    quick: values.quick,
    only: values.only,
    profile: values.profile,
    against: values.against,
  }
}

function wholeNumber(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (!(Number.isInteger(value) && value > 0)) throw new TypeError(`${option} takes a whole number.`)
  return value
}

/** How much is measured: rounds of each scenario, how many of its requests, and the milliseconds that both may cost. */
export type Plan = { rounds: number; scale: number; scenarioMs: number }

export function planFor({ quick }: Options): Plan {
  return quick ? { rounds: 5, scale: 0.25, scenarioMs: 1800 } : { rounds: 9, scale: 1, scenarioMs: 13_000 }
}
