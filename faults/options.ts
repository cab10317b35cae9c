import { parseArgs } from 'node:util'

export type Options = {
  /** Decides which faults come when, and what clients do. */
  seed: number
  /** For how long things go wrong; what follows (recovery, late notices, looking at everything again) takes its own time. */
  seconds: number
  /** Where the result is written as Markdown, after what other seeds left there. */
  report: string | undefined
  /** Where everything that happened is written, a line each, to look for causes. */
  journal: string | undefined
}

export const usage = `npm run faults -- [--seed <number>] [--seconds <5–86400>] [--report <file.md>] [--journal <file.ndjson>]`

/** Reads the command line; throws a TypeError for an argument it does not know or cannot use. */
export function readOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      seed: { type: 'string', default: '1' },
      seconds: { type: 'string', default: '60' },
      report: { type: 'string' },
      journal: { type: 'string' },
    },
  })
  return {
    seed: wholeNumber('--seed', values.seed, 0, 2 ** 31 - 1),
    seconds: wholeNumber('--seconds', values.seconds, 5, 86_400),
    report: values.report,
    journal: values.journal,
  }
}

function wholeNumber(name: string, text: string, min: number, max: number): number {
  const value = Number(text)
  if (!/^\d+$/.test(text) || value < min || value > max)
    throw new TypeError(`${name} is "${text}": a whole number from ${min} to ${max} is needed.`)
  return value
}
