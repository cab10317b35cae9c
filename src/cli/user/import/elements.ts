import { Refusal } from '../../refusal.ts'
import { MOST_CHARACTERS, parse } from './cutter.ts'
import type { RecordCutter } from './cutter.ts'

/**
 * Cuts the objects out of a JSON array, or out of the array `users` of a JSON object, whatever else stands there and however it is
 * indented. It looks at brackets and strings only; each object is then parsed by itself.
 */
export function createElementReader(): RecordCutter {
  let depth = 0
  /** How deep the elements' array lies; undefined as long as none was found. */
  let base: number | undefined
  let inString = false
  let escaped = false
  /** The string that ended last, and whether a colon came after it: the name of what follows. */
  let string = ''
  let isName = false
  let element: string | undefined
  let tooLong = false

  function look(sign: string): 'begin' | 'end' | undefined {
    if (inString) {
      if (escaped) escaped = false
      else if (sign === '\\') escaped = true
      else if (sign === '"') inString = false
      if (inString && depth === 1 && string.length < 10) string += sign
      return undefined
    }
    if (sign === '"') {
      inString = true
      string = ''
    } else if (sign === ':') isName = true
    else if (sign === '{' || sign === '[') return open(sign)
    else if (sign === '}' || sign === ']') return close()
    else if (sign === ',') isName = false
    return undefined
  }

  function open(sign: '{' | '['): 'begin' | undefined {
    depth += 1
    if (base !== undefined) return depth === base + 1 ? 'begin' : undefined
    if (sign === '[' && (depth === 1 || (depth === 2 && isName && string === 'users'))) base = depth
    isName = false
    return undefined
  }

  function close(): 'end' | undefined {
    depth -= 1
    if (base === undefined) return undefined
    if (depth < base) base = undefined
    return depth === base ? 'end' : undefined
  }

  function* push(piece: string): Iterable<unknown> {
    let from = 0
    for (let at = 0; at < piece.length; at += 1) {
      const found = look(piece.charAt(at))
      if (found === 'begin') {
        element = ''
        from = at
      } else if (found === 'end') {
        yield tooLong ? undefined : parse((element ?? '') + piece.slice(from, at + 1))
        element = undefined
        tooLong = false
      }
    }
    if (element === undefined) return
    element += piece.slice(from)
    if (element.length <= MOST_CHARACTERS) return
    element = ''
    tooLong = true
  }

  return {
    push,
    end() {
      if (depth === 0 && !inString) return []
      throw new Refusal('bad_data', 'The file ends in the middle of a record: it is not whole.')
    },
  }
}
