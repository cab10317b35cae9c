import { describe, expect, test } from '@jest/globals'
import { parseKeyring, randomSecret } from '../../../src/crypto/index.ts'

const first = randomSecret()
const second = randomSecret()
const bytes = (text: string): Buffer => Buffer.from(text, 'base64url')

describe('parseKeyring', () => {
  test.each([
    `${first},${second}`,
    `${first} ${second}`,
    `${first}\n${second}\n`,
    ` ${first} ,\r\n\t${second} `,
  ])('reads keys newest first however they are separated (%#)', (text) => {
    expect(parseKeyring(text)).toEqual([bytes(first), bytes(second)])
  })

  test('reads plain base64 with padding as well', () => {
    const key = Buffer.alloc(32, 0xfb)
    expect(parseKeyring(key.toString('base64'))).toEqual([key])
  })

  test('names a bad entry by its place and never by its value', () => {
    const bad = `${second}!`
    const read = (): unknown => parseKeyring(`${first},${bad}`)
    expect(read).toThrow('key 2 is not base64url')
    expect(read).not.toThrow(second)
  })

  test('refuses keys of another length than asked for', () => {
    expect(() => parseKeyring(randomSecret(31))).toThrow('key 1 is 31 bytes long, but must be exactly 32')
    expect(() => parseKeyring(randomSecret(31), { min: 32, max: Infinity })).toThrow('at least 32')
    expect(parseKeyring(randomSecret(64), { min: 32, max: Infinity })).toHaveLength(1)
  })

  test('refuses an empty ring and a key written twice', () => {
    expect(() => parseKeyring(' ,\n')).toThrow('empty')
    expect(() => parseKeyring(`${first},${second},${first}`)).toThrow('key 3 is the same as key 1')
  })
})
