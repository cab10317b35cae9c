import { createReadStream } from 'node:fs'
import { Refusal } from '../../refusal.ts'
import { MOST_CHARACTERS, parse } from './cutter.ts'
import type { RecordCutter } from './cutter.ts'
import { createElementReader } from './elements.ts'
import { createLineReader } from './lines.ts'

/** So many broken lines at the beginning do not hide that the file has a record a line. */
const FIRST_LINES = 10

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
      if (firstLines(head).length <= FIRST_LINES && head.length < MOST_CHARACTERS) continue
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

/**
 * Lines where one of the first is a whole object that does not hold users itself; the elements of an array otherwise. Inside a document
 * over many lines an object follows a bracket, a comma or a colon: one that does not is a record, whatever came before it.
 */
function cutterFor(head: string): RecordCutter {
  if (head.trimStart().startsWith('[')) return createElementReader()
  let before = ''
  for (const line of firstLines(head).map((text) => text.trim())) {
    if (line === '') continue
    const value = parse(line)
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    if (isObject && 'users' in value) break
    if (isObject && !/[[,:]$/.test(before)) return createLineReader()
    before = line
  }
  return createElementReader()
}

/** The lines that decide how to read, and the beginning of the next. */
function firstLines(head: string): string[] {
  return head.trimStart().split('\n', FIRST_LINES + 1)
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
