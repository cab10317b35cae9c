import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { field, fields } from '../../../src/http/index.ts'
import { parseUrlencoded } from '../../../src/http/urlencoded.ts'

const parse = (text: string, repeatable?: string[]): ReturnType<typeof parseUrlencoded> =>
  parseUrlencoded(Buffer.from(text, 'latin1'), repeatable)

describe('a form', () => {
  test('is read as browsers write it', () => {
    const text = fc.string({ unit: 'grapheme' }).filter((value) => !value.includes('\0'))
    fc.assert(
      fc.property(
        fc.dictionary(
          text.filter((name) => name !== ''),
          text,
        ),
        (data) => {
          const form = parseUrlencoded(Buffer.from(new URLSearchParams(data).toString()))
          expect({ ...form }).toEqual({ ...data })
        },
      ),
    )
  })

  test('has no prototype, so no field name is special (HT-06)', () => {
    const form = parse('__proto__=x&constructor=y&toString=z')
    expect(Object.getPrototypeOf(form)).toBeNull()
    expect(Object.keys(form ?? {})).toEqual(['__proto__', 'constructor', 'toString'])
    expect(({} as Record<string, unknown>)['x']).toBeUndefined()
    expect(field(form, '__proto__')).toBe('x')
    expect(field(form, 'hasOwnProperty')).toBeUndefined()
  })

  test.each([
    ['a field twice', 'a=1&a=2'],
    ['NUL', 'a=%00'],
    ['NUL in a name', '%00=a'],
    ['a raw NUL', 'a=\0'],
    ['broken percent-encoding', 'a=%'],
    ['an encoded surrogate', 'a=%ED%A0%80'],
    ['raw bytes that are no UTF-8', 'a=\xff'],
    ['a raw overlong form', 'a=\xc0\xaf'],
    ['more than a thousand fields', Array.from({ length: 1001 }, (_, i) => `f${i}=`).join('&')],
  ])('is refused with %s (HT-06)', (_, text) => {
    expect(parse(text)).toBeUndefined()
  })

  test('lets only the fields named repeat, and these always arrive as lists', () => {
    const form = parse('scope=a&scope=b&code=1', ['scope', 'resource_scope'])
    expect(fields(form, 'scope')).toEqual(['a', 'b'])
    expect(field(form, 'scope')).toBeUndefined()
    expect(fields(form, 'resource_scope')).toEqual([])
    expect(fields(parse('scope=a', ['scope']), 'scope')).toEqual(['a'])
    expect(field(form, 'code')).toBe('1')
  })

  test('that was never read has no fields', () => {
    expect(field(undefined, 'a')).toBeUndefined()
    expect(fields(undefined, 'a')).toEqual([])
  })

  test('may hold fields without value, raw UTF-8 and empty pairs', () => {
    expect({ ...parseUrlencoded(Buffer.from('a&b=&&name=Zo%C3%AB+é=')) }).toEqual({
      a: '',
      b: '',
      name: 'Zoë é=',
    })
  })
})
