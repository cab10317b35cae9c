import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { hasLoneSurrogate, hasNul } from '../../../src/http/index.ts'
import { isSoundTarget } from '../../../src/http/malformed-guard.ts'
import { decodeStrictly } from '../../../src/http/unsafe-text.ts'

describe('parsed values (HT-06)', () => {
  test.each([
    ['a string', 'a\0'],
    ['a list', ['a', 'b\0']],
    ['a value deep inside', { a: [{ b: { c: '\0' } }] }],
    ['a name', { ['a\0']: 1 }],
  ])('NUL is found in %s', (_, value) => {
    expect(hasNul(value)).toBe(true)
  })

  test('halves of surrogate pairs are found, whole pairs are not', () => {
    expect(hasLoneSurrogate({ a: ['\ud83d'] })).toBe(true)
    expect(hasLoneSurrogate({ '\udc00': 1 })).toBe(true)
    expect(hasLoneSurrogate({ a: ['😀'] })).toBe(false)
  })

  test('plain values hold neither', () => {
    for (const value of [undefined, null, 0, true, 'a%00', '', [], {}, { a: [1, 'b', { c: null }] }]) {
      expect(hasNul(value) || hasLoneSurrogate(value)).toBe(false)
    }
  })

  test('nesting a hundred thousand deep is walked through', () => {
    let nested: unknown = 'x\0'
    for (let depth = 0; depth < 100_000; depth++) nested = [nested]
    expect(hasNul(nested)).toBe(true)
  })
})

describe('strict percent-decoding (HT-06)', () => {
  test('gives back what an honest client encoded, byte for byte (AZ-15)', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        fc.pre(!text.includes('\0'))
        expect(decodeStrictly(encodeURIComponent(text))).toBe(text)
        expect(isSoundTarget(`/auth?state=${encodeURIComponent(text)}`)).toBe(true)
      }),
    )
  })

  test.each([
    ['NUL', '%00'],
    ['a lone percent sign', '100%'],
    ['a percent sign without hex digits', '%zz'],
    ['one hex digit', '%4'],
    ['an overlong slash', '%C0%AF'],
    ['an overlong NUL', '%C0%80'],
    ['an encoded high surrogate', '%ED%A0%80'],
    ['a surrogate pair in CESU-8', '%ED%A0%BD%ED%B8%80'],
    ['a code point beyond Unicode', '%F4%90%80%80'],
    ['a cut sequence', '%E2%82'],
    ['a lone continuation byte', '%80'],
  ])('refuses %s', (_, text) => {
    expect(decodeStrictly(text)).toBeUndefined()
    expect(isSoundTarget(`/auth?state=${text}`)).toBe(false)
    expect(isSoundTarget(`/${text}`)).toBe(false)
  })

  test.each(['', '*', 'auth', 'http://evil.example/', '/a b', '/a#b', '/ä', '/a\tb', '/\x7f'])(
    'takes no target like %j',
    (target) => {
      expect(isSoundTarget(target)).toBe(false)
    },
  )
})
