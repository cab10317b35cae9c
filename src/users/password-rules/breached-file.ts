import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'

const DIGITS = 40
/** No line of the list is longer: 40 digits, a colon, a count, an end. */
const LINE_BYTES = 64

/**
 * Looks a SHA-1 up in a file of them, sorted, one `HASH` or `HASH:COUNT` a line, as Pwned Passwords are offered for download (some
 * 40 GB). Bisected: some 40 small reads, never more than 64 bytes at once. Throws when the file cannot be read or holds
 * something else.
 */
export function createFileLookup(path: string): (sha1: string) => Promise<boolean> {
  return async (sha1) => {
    const file = await open(path, 'r')
    try {
      const { size } = await file.stat()
      return await bisect(file, size, sha1)
    } finally {
      await file.close()
    }
  }
}

/** Between `low`, where a line begins, and `high`: where a line begins or the file ends. */
async function bisect(file: FileHandle, size: number, sha1: string): Promise<boolean> {
  let [low, high] = [0, size]
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    const line = await lineAround(file, { middle, low })
    if (line.hash === sha1) return line.counted
    if (line.hash < sha1) low = line.end
    else high = line.start
  }
  return false
}

type Line = { hash: string; counted: boolean; start: number; end: number }

/** The line that this byte lies in. */
async function lineAround(file: FileHandle, { middle, low }: { middle: number; low: number }): Promise<Line> {
  const from = Math.max(low, middle - LINE_BYTES)
  const before = await read(file, from, middle - from)
  const start = from + before.lastIndexOf('\n') + 1
  const text = await read(file, start, LINE_BYTES)
  const [, hash, count] = /^([0-9A-Fa-f]{40})(?::(\d{1,15}))?\r?(?:\n|$)/.exec(text) ?? []
  if (hash?.length !== DIGITS) throw new Error(`byte ${start} begins no line of a list of SHA-1 hashes`)
  const newline = text.indexOf('\n')
  const end = newline < 0 ? start + text.length : start + newline + 1
  return { hash: hash.toUpperCase(), counted: count === undefined || Number(count) > 0, start, end }
}

async function read(file: FileHandle, position: number, length: number): Promise<string> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position)
  return buffer.toString('latin1', 0, bytesRead)
}
