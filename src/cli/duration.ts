import { InvalidArgumentError } from 'commander'

const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 } as const

/** Reads an option's value as a length of time (90s, 30m, 24h, 7d) of at most so many seconds; gives seconds. */
export function duration(max: number): (text: string) => number {
  return (text) => {
    const [, count, unit] = /^(\d{1,9})([smhd])$/.exec(text) ?? []
    const seconds = Number(count) * SECONDS[unit as keyof typeof SECONDS]
    if (seconds <= max) return seconds
    throw new InvalidArgumentError(
      `It must be a length of time such as 90s, 30m, 24h or 7d, at most ${max / 86_400}d.`,
    )
  }
}
