import { describe, expect, test } from '@jest/globals'
import { commitPoints } from '../../../faults/commit-points.ts'

const text = (value: string) => Buffer.from(`${value}\0`)

function message(type: string, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts)
  const length = Buffer.alloc(4)
  length.writeInt32BE(body.length + 4)
  return Buffer.concat([Buffer.from(type), length, body])
}

const startup = message('', Buffer.from([0, 3, 0, 0]), text('user'), text('postgres'), text(''))
const simple = (sql: string) => message('Q', text(sql))
const parse = (name: string, sql: string) => message('P', text(name), text(sql), Buffer.alloc(2))
const bind = (name: string) => message('B', text(''), text(name), Buffer.alloc(6))
const execute = message('E', text(''), Buffer.alloc(4))
const sync = message('S')

/** How many messages with which something becomes durable there are in these, sent in one piece. */
const count = (...messages: Buffer[]) => commitPoints()(Buffer.concat([startup, ...messages])).length

describe('the message that makes something durable', () => {
  test('is the COMMIT of a transaction, not what is in it', () => {
    expect(count(simple('BEGIN'), parse('a', 'INSERT INTO t'), bind('a'), execute, sync)).toBe(0)
    expect(count(simple('BEGIN'), parse('a', 'UPDATE t'), bind('a'), sync, simple('COMMIT'))).toBe(1)
    expect(count(simple('BEGIN'), parse('', 'COMMIT'), bind(''), execute, sync)).toBe(1)
    expect(count(simple('BEGIN'), simple('ROLLBACK'))).toBe(0)
  })

  test('is the Sync behind a single statement that writes', () => {
    expect(
      count(parse('r', 'WITH spent AS (UPDATE tokens SET x = 1) SELECT 1'), bind('r'), execute, sync),
    ).toBe(1)
    expect(count(parse('r', 'SELECT 1'), bind('r'), execute, sync)).toBe(0)
    expect(count(simple('DELETE FROM t'))).toBe(1)
  })

  test('is known by the name of a statement that was prepared long before', () => {
    const points = commitPoints()
    points(Buffer.concat([startup, parse('redeem_2', 'INSERT INTO t'), bind('redeem_2'), execute, sync]))
    expect(points(Buffer.concat([bind('redeem_2'), execute, sync]))).toHaveLength(1)
    expect(points(Buffer.concat([bind('prefetch'), execute, sync]))).toHaveLength(0)
  })

  test('begins at the offset that is given, whatever pieces it comes in', () => {
    const points = commitPoints()
    const before = Buffer.concat([startup, simple('BEGIN')])
    expect(points(Buffer.concat([before, simple('COMMIT')]))).toEqual([before.length])
    points(simple('BEGIN'))
    const commit = simple('COMMIT')
    const found = [...commit].map((byte) => points(Buffer.from([byte])))
    expect(found.flat()).toEqual([0])
    expect(found.at(-1)).toEqual([0])
  })
})
