import type { Readable } from 'node:stream'

export type LineSink = { write(line: string): unknown }

/** A line without an end would be kept forever. */
const LONGEST_LINE = 1_000_000

/** Copies whole lines only, so that those of several sources never mix. */
export function copyLines(source: Readable, sink: LineSink): void {
  let rest = ''
  source.setEncoding('utf8').on('data', (text: string) => {
    const end = text.lastIndexOf('\n')
    if (end < 0 && rest.length < LONGEST_LINE) {
      rest += text
      return
    }
    sink.write(`${rest}${text.slice(0, end + 1)}`)
    rest = text.slice(end + 1)
  })
  source.once('close', () => {
    if (rest !== '') sink.write(`${rest}\n`)
  })
}
