import { afterAll, describe, expect, test } from '@jest/globals'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createFindPlace } from '../../../src/account/index.ts'

type Value = string | number | { [name: string]: Value }

/** The MaxMind DB format, as far as this needs it: control byte (type and size), then the bytes. */
function encode(value: Value): Buffer {
  if (typeof value === 'string') {
    const bytes = Buffer.from(value)
    return Buffer.concat([Buffer.from([(2 << 5) | bytes.length]), bytes])
  }
  if (typeof value === 'number') {
    const bytes = Buffer.from([value >> 8, value & 255])
    return Buffer.concat([Buffer.from([(5 << 5) | bytes.length]), bytes])
  }
  const members = Object.entries(value)
  const parts = members.flatMap(([name, member]) => [encode(name), encode(member)])
  return Buffer.concat([Buffer.from([(7 << 5) | members.length]), ...parts])
}

/** A database of one node: the upper half of all IPv4 addresses is at this place, the lower half nowhere. */
function databaseOf(place: Value): Buffer {
  const nodes = 1
  const tree = Buffer.from([0, 0, nodes, 0, 0, nodes + 16])
  const metadata = {
    ...{ node_count: nodes, record_size: 24, ip_version: 4, database_type: 'Test-City' },
    ...{ binary_format_major_version: 2, binary_format_minor_version: 0, build_epoch: 1 },
    ...{ languages: {}, description: {} },
  }
  const marker = Buffer.concat([Buffer.from([0xab, 0xcd, 0xef]), Buffer.from('MaxMind.com')])
  return Buffer.concat([tree, Buffer.alloc(16), encode(place), marker, encode(metadata)])
}

const dir = mkdtempSync(join(tmpdir(), 'cardea-places-'))
afterAll(() => {
  rmSync(dir, { recursive: true })
})

function fileWith(name: string, bytes: Buffer): string {
  const file = join(dir, name)
  writeFileSync(file, bytes)
  return file
}

describe('the place of an address', () => {
  const lisbon = { names: { en: 'Lisbon', 'pt-BR': 'Lisboa' } }
  const portugal = { names: { en: 'Portugal', de: 'Portugal', ja: 'ポルトガル' } }
  const findPlace = createFindPlace(fileWith('city.mmdb', databaseOf({ city: lisbon, country: portugal })))

  test('is its city and country in the language of the page, as far as the file knows it, else in English', () => {
    expect(findPlace('203.0.113.7', 'pt')).toBe('Lisboa, Portugal')
    expect(findPlace('203.0.113.7', 'ja')).toBe('Lisbon, ポルトガル')
    expect(findPlace('203.0.113.7', undefined)).toBe('Lisbon, Portugal')
  })

  test.each([null, '', '10.0.0.1', 'no address', '203.0.113.7; DROP', '999.1.1.1', '2001:db8::1'])(
    'is nowhere for %j',
    (ip) => {
      expect(findPlace(ip, 'en')).toBeNull()
    },
  )

  test('is nowhere without a file, and for a record that names nothing', () => {
    expect(createFindPlace(undefined)('203.0.113.7', 'en')).toBeNull()
    const nameless = createFindPlace(fileWith('nameless.mmdb', databaseOf({ city: {}, location: {} })))
    expect(nameless('203.0.113.7', 'en')).toBeNull()
  })

  test('is refused at the start when the file is missing, or is none', () => {
    expect(() => createFindPlace(join(dir, 'missing.mmdb'))).toThrow(/ENOENT/)
    expect(() => createFindPlace(fileWith('none.mmdb', Buffer.from('not a database')))).toThrow(Error)
  })
})
