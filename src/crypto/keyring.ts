import { decodeBase64url } from './base64url.ts'

/** How long the keys of a ring may be, in bytes. */
export interface KeyLength {
  min: number
  max: number
}

const sealingKey: KeyLength = { min: 32, max: 32 }

/**
 * Reads a list of keys in base64url (plain base64 is understood too), separated by commas, spaces or line ends, newest
 * first. Keys must be 32 bytes long unless `length` says otherwise.
 * Throws an Error that names the bad entry by its place and never by its value; an empty ring and a key written twice
 * are refused too.
 */
export function parseKeyring(text: string, length: KeyLength = sealingKey): Buffer[] {
  const entries = text.split(/[\s,]+/).filter((entry) => entry !== '')
  if (entries.length === 0) throw new Error('the list of keys is empty')
  const keys = entries.map((entry, index) => readKey(entry, index + 1, length))
  keys.forEach((key, index) => {
    const first = keys.findIndex((other) => other.equals(key))
    if (first < index) throw new Error(`key ${index + 1} is the same as key ${first + 1}`)
  })
  return keys
}

function readKey(entry: string, place: number, { min, max }: KeyLength): Buffer {
  const key = decodeBase64url(
    entry
      .replaceAll('+', '-')
      .replaceAll('/', '_')
      .replace(/={1,2}$/, ''),
  )
  if (!key) throw new Error(`key ${place} is not base64url`)
  if (key.byteLength >= min && key.byteLength <= max) return key
  const wanted = min === max ? `exactly ${min}` : max === Infinity ? `at least ${min}` : `${min} to ${max}`
  throw new Error(`key ${place} is ${key.byteLength} bytes long, but must be ${wanted}`)
}
