import type { Seen } from './observer.ts'

export type RoundReport = {
  name: string
  requests: number
  answered: number
  unavailable: number
  broken: number
  /** The longest time in which nobody got an answer. */
  gapMs: number
  slowestMs: number
}

/** What clients saw of a round, from its beginning to the return of every part. */
export function reportOf(name: string, seen: readonly Seen[], from: number, to: number): RoundReport {
  const during = seen.filter(({ at }) => at >= from && at < to)
  const count = (outcome: Seen['outcome']) => during.filter((one) => one.outcome === outcome).length
  const answeredAt = during
    .filter(({ outcome }) => outcome === 'answered')
    .map(({ at, ms }) => at + ms)
    .toSorted((one, other) => one - other)
  const times = [from, ...answeredAt.filter((at) => at < to), to]
  const gaps = times.slice(1).map((at, nth) => at - (times[nth] ?? at))
  return {
    ...{ name, requests: during.length, answered: count('answered') },
    ...{ unavailable: count('unavailable'), broken: count('broken') },
    gapMs: Math.max(0, ...gaps),
    slowestMs: Math.max(0, ...during.map(({ ms }) => ms)),
  }
}

/** A table for people. */
export function describeRounds(reports: readonly RoundReport[]): string {
  const head = ['round', 'requests', 'error-free', '503', 'no answer', 'longest gap', 'slowest']
  const rows = reports.map(({ name, requests, answered, unavailable, broken, gapMs, slowestMs }) => [
    name,
    String(requests),
    `${((100 * answered) / Math.max(1, requests)).toFixed(2)} %`,
    ...[unavailable, broken].map(String),
    ...[gapMs, slowestMs].map((ms) => `${(ms / 1000).toFixed(1)} s`),
  ])
  const widths = head.map((title, nth) => Math.max(title.length, ...rows.map((row) => row[nth]?.length ?? 0)))
  const line = (row: string[]) => `| ${row.map((cell, nth) => cell.padEnd(widths[nth] ?? 0)).join(' | ')} |`
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n')
}
