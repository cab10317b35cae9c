import type { Result } from './measure.ts'
import type { Spread } from './statistics.ts'

const columns = [
  'scenario',
  'throughput',
  'CPU per request',
  'statements',
  'round trips',
  'WAL bytes',
  'rounds',
]

/** The results as a Markdown table: ratios as median [smallest–largest of the rounds]. */
export function describe(results: readonly Result[]): string {
  const rows = results.map(({ title, throughput, cpu, statements, roundTrips, walBytes, rounds }) => [
    title,
    ratio(throughput),
    ratio(cpu),
    count(statements),
    count(roundTrips),
    walBytes < 16 ? '0' : String(Math.round(walBytes / 10) * 10),
    String(rounds),
  ])
  const table = [columns, columns.map(() => '---'), ...rows]
  return table.map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

export function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`
}

function ratio({ min, median, max }: Spread): string {
  return `${median.toFixed(2)} [${min.toFixed(2)}–${max.toFixed(2)}]`
}

function count(value: number): string {
  return value.toFixed(value < 0.05 || Math.abs(value - Math.round(value)) < 0.005 ? 0 : 2)
}
