import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { createElementReader } from '../../../src/cli/user/import/elements.ts'
import { createLineReader } from '../../../src/cli/user/import/lines.ts'
import { readRecords } from '../../../src/cli/user/import/records.ts'

const dir = mkdtempSync(join(tmpdir(), 'import-'))
afterAll(() => rmSync(dir, { recursive: true }))

async function recordsIn(content: string | Buffer): Promise<unknown[]> {
  const file = join(dir, 'users.json')
  writeFileSync(file, content)
  const found: unknown[] = []
  for await (const { value } of readRecords(file)) found.push(value)
  return found
}

const ada = { email: 'ada@x.test', note: 'a ] } " \\ { [ \u2028 é 🔑' }
const ben = { email: 'ben@x.test', list: [{ a: [1, [2]] }], empty: {} }

describe('the records of a file', () => {
  test.each([
    ['one a line', `${JSON.stringify(ada)}\n${JSON.stringify(ben)}\n`],
    ['one a line, by Windows, without an end', `\n\r\n${JSON.stringify(ada)}\r\n\r\n${JSON.stringify(ben)}`],
    ['an array on one line', JSON.stringify([ada, ben])],
    ['an array over many lines', JSON.stringify([ada, ben], null, 2)],
    ['a realm on one line', JSON.stringify({ realm: 'x', users: [ada, ben], after: [{}] })],
    [
      'a realm over many lines',
      JSON.stringify({ a: { users: [{}] }, b: 'users', users: [ada, ben], z: { users: [{}] } }, null, 2),
    ],
    ['with a byte order mark', `\uFEFF${JSON.stringify([ada, ben])}`],
  ])('are found: %s', async (_, content) => {
    expect(await recordsIn(content)).toEqual([ada, ben])
  })

  test.each(['', '\n', '[]', '{}', '{"users": []}', '[1, "two", null]'])('%j holds none', async (content) => {
    expect((await recordsIn(content)).filter((value) => Object.keys(value ?? {}).length > 0)).toEqual([])
  })

  test('a line or element that is no JSON is a record of nothing, and the next one is read', async () => {
    expect(await recordsIn(`${JSON.stringify(ada)}\n{"email": \n${JSON.stringify(ben)}`)).toEqual([
      ada,
      undefined,
      ben,
    ])
    expect(await recordsIn(`[${JSON.stringify(ada)}, {"email": oops}, ${JSON.stringify(ben)}]`)).toEqual([
      ada,
      undefined,
      ben,
    ])
  })

  test.each([
    ['no JSON', ['garbage']],
    ['a record cut short', ['{"email": "x']],
    ['a record cut short, and a blank line', ['{"email": "x', '']],
    ['no object', ['"a string"', '17']],
  ])('the first line may be a bad one as well: %s', async (_, bad) => {
    const text = [...bad, JSON.stringify(ada), JSON.stringify(ben)].join('\n')
    expect((await recordsIn(text)).filter((value) => typeof value === 'object')).toEqual([ada, ben])
  })

  test.each([
    ['an array', ['[', `${JSON.stringify(ada)},`, JSON.stringify(ben), ']']],
    ['a realm', ['{"users":', '[', `${JSON.stringify(ada)},`, '', JSON.stringify(ben), ']}']],
    [
      'a realm with more',
      ['{', '"a":', '{},', '"users": [', JSON.stringify(ada), ',', JSON.stringify(ben), ']}'],
    ],
  ])('whole objects on lines of their own do not make lines of a document: %s', async (_, text) => {
    expect(await recordsIn(text.join('\n'))).toEqual([ada, ben])
  })

  test('one of more than a million characters is a record of nothing, and never held whole', async () => {
    const huge = JSON.stringify({ email: 'x'.repeat(3_000_000) })
    expect(await recordsIn([JSON.stringify(ada), huge, JSON.stringify(ben)].join('\n'))).toEqual([
      ada,
      undefined,
      ben,
    ])
    expect(await recordsIn(`[${[JSON.stringify(ada), huge, JSON.stringify(ben)].join(',')}]`)).toEqual([
      ada,
      undefined,
      ben,
    ])
  })

  test.each([
    ['[{"email": "a@x.test"}', 'ends in the middle'],
    ['[{"email": "a@x.test"}, {"email', 'ends in the middle'],
    ['{"users": [{"email": "a@x.test"}]', 'ends in the middle'],
    [Buffer.from([0x5b, 0xff, 0xfe, 0x5d]), 'is not UTF-8'],
  ])('a file that is not whole is refused: %p', async (content, why) => {
    await expect(recordsIn(content)).rejects.toThrow(why)
  })

  test('a file that is not there is refused', async () => {
    const read = async () => {
      for await (const record of readRecords(join(dir, 'nowhere'))) expect(record).toBeUndefined()
    }
    await expect(read()).rejects.toMatchObject({ reason: 'not_found' })
  })

  test('are the same wherever the text is cut', () => {
    const objects = fc.array(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 })), { maxLength: 5 })
    fc.assert(
      fc.property(objects, fc.integer({ min: 1, max: 7 }), fc.boolean(), (records, size, isArray) => {
        const text = isArray
          ? JSON.stringify(records, null, 1)
          : records.map((one) => JSON.stringify(one)).join('\n')
        const cutter = isArray ? createElementReader() : createLineReader()
        const pieces = text.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? []
        const found = [...pieces.flatMap((piece) => [...cutter.push(piece)]), ...cutter.end()]
        expect(JSON.stringify(found)).toBe(JSON.stringify(records))
      }),
    )
  })
})
