import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { digest, mac, randomSecret, sameBytes } from '../../../src/crypto/index.ts'

describe('digest', () => {
  test('is SHA-256 (FIPS 180-4)', () => {
    expect(digest('abc').toString('hex')).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    )
  })
})

describe('sameBytes', () => {
  test('is true for equal bytes and false for any other, also of another length', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.uint8Array(), (a, b) => {
        expect(sameBytes(a, Uint8Array.from(a))).toBe(true)
        expect(sameBytes(a, b)).toBe(Buffer.compare(a, b) === 0)
      }),
    )
  })
})

describe('mac', () => {
  const key = Buffer.alloc(32, 7)

  test('tells apart the same letters split in another way', () => {
    expect(mac(key, 'ab', 'c')).not.toBe(mac(key, 'a', 'bc'))
    expect(mac(key, 'abc')).not.toBe(mac(key, 'abc', ''))
    expect(mac(key, 'a', 'b')).not.toBe(mac(key, 'b', 'a'))
  })

  test('is the same for the same key and parts, and another under another key', () => {
    expect(mac(key, 'é', 'x')).toBe(mac(key, 'é', 'x'))
    expect(mac(key, 'é', 'x')).not.toBe(mac(Buffer.alloc(32, 8), 'é', 'x'))
    expect(mac(key, 'é', 'x')).toMatch(/^[\w-]{43}$/)
  })
})

describe('randomSecret', () => {
  test('gives 256 bits in base64url unless told otherwise, never the same (CO-07)', () => {
    const secrets = Array.from({ length: 1000 }, () => randomSecret())
    expect(new Set(secrets).size).toBe(1000)
    expect(secrets.every((secret) => /^[\w-]{43}$/.test(secret))).toBe(true)
    expect(Buffer.from(randomSecret(16), 'base64url')).toHaveLength(16)
  })
})
