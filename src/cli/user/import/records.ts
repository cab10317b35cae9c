import { createReadStream } from 'node:fs'
import { Refusal } from '../../refusal.ts'
import { MOST_CHARACTERS, parse } from './cutter.ts'
import type { RecordCutter } from './cutter.ts'
import { createElementReader } from './elements.ts'
import { createLineReader } from './lines.ts'

/** A record of the file, counted from 1; `undefined` is one that is no JSON or longer than a record can be. */
export type FileRecord = { number: number; value: unknown }

/**
 * The records of a file, one after the other and never all at once: one JSON object a line, a JSON array of objects, or an object
 * with an array `users` (a realm of Keycloak). Throws a Refusal for a file that cannot be read, is no UTF-8 or ends in the middle.
 */
export async function* readRecords(file: string): AsyncGenerator<FileRecord> {
  let number = 0
  let cutter: RecordCutter | undefined
  let head = ''
  for await (const piece of piecesOf(file)) {
    let text = piece
    if (!cutter) {
      head += piece
      if (!head.includes('\n', head.search(/\S/)) && head.length < MOST_CHARACTERS) continue
      cutter = cutterFor(head)
      text = head
    }
    for (const value of cutter.push(text)) yield { number: (number += 1), value }
  }
  if (!cutter) {
    cutter = cutterFor(head)
    for (const value of cutter.push(head)) yield { number: (number += 1), value }
  }
  for (const value of cutter.end()) yield { number: (number += 1), value }
}

/** Lines where the first one is a whole object that does not hold users itself; the elements of an array otherwise. */
function cutterFor(head: string): RecordCutter {
  const [first = ''] = head.trimStart().split('\n', 1)
  const value = parse(first)
  const isRecord = typeof value === 'object' && value !== null && !Array.isArray(value)
  return isRecord && !('users' in value) ? createLineReader() : createElementReader()
}

async function* piecesOf(file: string): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  try {
    for await (const chunk of createReadStream(file, { highWaterMark: 256 * 1024 }))
      yield decoder.decode(chunk as Buffer, { stream: true })
    yield decoder.decode()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') throw new Refusal('bad_data', `${file} is not UTF-8.`)
    if (code === undefined || !/^E[A-Z]+$/.test(code)) throw error
    throw new Refusal('not_found', `${file} cannot be read (${code}).`)
  }
}
