import { randomBytes } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { createSealer, openFor, randomSecret, SealBroken, sealFor } from '../../../src/crypto/index.ts'

const older = randomBytes(32)
const newer = randomBytes(32)
const context = 'totp_credentials:018f'

/** Every text that differs from this one in exactly one character of the base64url alphabet. */
function* mutants(text: string): Generator<string> {
  for (let at = 0; at < text.length; at++) {
    for (const other of ['A', 'B', '_', '.']) {
      if (text[at] !== other) yield text.slice(0, at) + other + text.slice(at + 1)
    }
  }
}

describe('a sealer', () => {
  const sealer = createSealer([newer, older])

  test('opens what it sealed, whatever the text and context (MF-01)', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string(), (text, place) => {
        expect(sealer.open(sealer.seal(text, place), place)).toBe(text)
      }),
    )
  })

  test('writes version, key id, nonce, ciphertext and tag, and never the same twice', () => {
    const sealed = sealer.seal('JBSWY3DP', context)
    expect(sealed).toMatch(/^v1\.[\w-]{8}\.[\w-]{16}\.[\w-]{11}\.[\w-]{22}$/)
    expect(sealer.seal('JBSWY3DP', context)).not.toBe(sealed)
  })

  test('refuses a seal changed in any single character', () => {
    for (const changed of mutants(sealer.seal('seed', context))) {
      expect(() => sealer.open(changed, context)).toThrow(SealBroken)
    }
  })

  test('refuses a seal that is cut, lengthened or foreign', () => {
    const sealed = sealer.seal('seed', context)
    for (let length = 0; length < sealed.length; length++) {
      expect(() => sealer.open(sealed.slice(0, length), context)).toThrow(SealBroken)
    }
    for (const foreign of [
      `${sealed}A`,
      `${sealed}=`,
      `${sealed}.`,
      ` ${sealed}`,
      `v2${sealed.slice(2)}`,
      'plain',
      '....',
    ]) {
      expect(() => sealer.open(foreign, context)).toThrow(SealBroken)
    }
  })

  test('refuses a seal moved to another row', () => {
    const sealed = sealer.seal('seed', 'totp_credentials:1')
    expect(() => sealer.open(sealed, 'totp_credentials:2')).toThrow(
      expect.objectContaining({ reason: 'tampered' }),
    )
  })

  test('opens seals of an older key and reports them as not current', () => {
    const sealed = createSealer([older]).seal('seed', context)
    expect(sealer.open(sealed, context)).toBe('seed')
    expect(sealer.isCurrent(sealed)).toBe(false)
    expect(sealer.isCurrent(sealer.seal('seed', context))).toBe(true)
  })

  test('refuses a seal of a key that left the ring, without naming the text', () => {
    const sealed = createSealer([older]).seal('the seed', context)
    const open = (): string => createSealer([newer]).open(sealed, context)
    expect(open).toThrow(expect.objectContaining({ name: 'SealBroken', reason: 'unknown_key' }))
    expect(open).not.toThrow(/the seed|v1\./)
  })

  test('needs at least one key of 32 bytes', () => {
    expect(() => createSealer([])).toThrow('at least one key')
    expect(() => createSealer([randomBytes(31)])).toThrow('32 bytes')
  })
})

describe('a seal for a holder', () => {
  const secret = randomSecret()
  const sealed = sealFor(secret, 'successor', 'tokens:1')

  test('opens for the holder alone, in its own place', () => {
    expect(openFor(secret, sealed, 'tokens:1')).toBe('successor')
    expect(() => openFor(randomSecret(), sealed, 'tokens:1')).toThrow(SealBroken)
    expect(() => openFor(secret, sealed, 'tokens:2')).toThrow(SealBroken)
  })

  test('refuses a seal changed in any single character', () => {
    for (const changed of mutants(sealed))
      expect(() => openFor(secret, changed, 'tokens:1')).toThrow(SealBroken)
  })

  test('does not open under the key ring, nor a ring seal for a holder', () => {
    const sealer = createSealer([newer])
    expect(() => sealer.open(sealed, 'tokens:1')).toThrow(SealBroken)
    expect(() => openFor(secret, sealer.seal('x', 'tokens:1'), 'tokens:1')).toThrow(SealBroken)
  })

  test('refuses secrets that could be guessed', () => {
    expect(() => sealFor('correct horse', 'x', 'c')).toThrow('too short')
  })
})
