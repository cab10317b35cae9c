import { inflateSync } from 'node:zlib'
import { describe, expect, test } from '@jest/globals'
import {
  bucketOf,
  isOver,
  LIST_SIZE,
  parseListName,
  referenceTo,
} from '../../../src/oidc/status-list/place.ts'
import { signStatusList, statusBits } from '../../../src/oidc/status-list/status-list-token.ts'
import { statusListTimes } from '../../../src/oidc/status-list/status-lists.ts'
import { decodeJwt, exportJWK, generateKeyPair } from 'jose'

const issuer = 'https://id.example'

test.each([
  [0, 0, 0],
  [LIST_SIZE - 1, 0, LIST_SIZE - 1],
  [LIST_SIZE, 1, 0],
  [5 * LIST_SIZE + 7, 5, 7],
])('the number %i of a bucket is in list %i at index %i', (number, shard, idx) => {
  expect(referenceTo(issuer, { bucket: 9, number })).toEqual({
    idx,
    uri: `${issuer}/status-lists/9-${shard}`,
  })
  expect(parseListName(`9-${shard}`)).toEqual({ bucket: 9, number: number - idx })
})

test.each([
  '',
  '9',
  '-',
  '9-',
  '-1',
  '09-0',
  '9-00',
  '9-0 ',
  '9-0/',
  '9.5-0',
  '1e3-0',
  '9-1000',
  '9999999999-0',
])('the name "%s" is no list’s', (name) => {
  expect(parseListName(name)).toBeNull()
})

test('a bucket ends with its last token, and a minute for clocks that differ', () => {
  const bucket = bucketOf(6_000_599)
  expect([bucket, bucketOf(6_000_600)]).toEqual([10_000, 10_001])
  expect([isOver(bucket, 6_000_659), isOver(bucket, 6_000_660)]).toEqual([false, true])
})

test.each([5, 6, 7, 30, 600])(
  'with %i seconds, our list, a cache and a verifier together never keep a revocation from an API for longer (RV-05, draft-ietf-oauth-status-list §13.7)',
  (lifetime) => {
    const { rebuild, maxAge, ttl } = statusListTimes(lifetime)
    expect(rebuild + maxAge + ttl).toBeLessThanOrEqual(lifetime)
    for (const part of [maxAge, ttl]) expect(Number.isInteger(part) && part > 0).toBe(true)
  },
)

describe('the bits of a status list', () => {
  test('are those of the example, lowest bit first (draft-ietf-oauth-status-list §4.1)', () => {
    // 1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1: B9 A3.
    const bits = statusBits([0, 3, 4, 5, 7, 8, 9, 13, 15])
    expect(bits.subarray(0, 3).toString('hex')).toBe('b9a300')
    expect(bits).toHaveLength(LIST_SIZE / 8)
  })

  test('travel compressed with zlib inside the token (draft-ietf-oauth-status-list §4.2, §5.1)', async () => {
    const { privateKey } = await generateKeyPair('ES256', { extractable: true })
    const key = await exportJWK(privateKey)
    const bits = statusBits([LIST_SIZE - 1])
    const token = await signStatusList(bits, { uri: 'https://a', key, builtAt: 1.7, ttl: 2, lifetime: 5 })
    const { status_list: list, ...rest } = decodeJwt<{ status_list: { bits: number; lst: string } }>(token)
    expect(rest).toEqual({ sub: 'https://a', iat: 1, exp: 6, ttl: 2 })
    expect(list.bits).toBe(1)
    expect(inflateSync(Buffer.from(list.lst, 'base64url'))).toEqual(bits)
    expect(token.length).toBeLessThan(1000)
  })
})
