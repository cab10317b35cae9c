import { MOST_CHARACTERS, parse } from './cutter.ts'
import type { RecordCutter } from './cutter.ts'

/** Cuts one JSON value a line. Empty lines are none; a line that is no JSON, or too long, is a record of nothing. */
export function createLineReader(): RecordCutter {
  let rest = ''
  let tooLong = false

  function* finish(line: string): Iterable<unknown> {
    if (tooLong) yield undefined
    else if (line.trim() !== '') yield parse(line)
    tooLong = false
  }

  return {
    *push(piece) {
      const lines = piece.split('\n')
      const last = lines.pop() ?? ''
      for (const line of lines) {
        yield* finish(rest + line)
        rest = ''
      }
      rest += last
      if (rest.length <= MOST_CHARACTERS) return
      tooLong = true
      rest = ''
    },
    *end() {
      yield* finish(rest)
    },
  }
}
