import { describe, expect, test } from '@jest/globals'
import { canonicalJson, digestOf, documentOf } from '../../../src/audit/event.ts'

const row = {
  id: '7',
  at: new Date('2026-11-21T21:00:00.123Z'),
  type: 'user.created',
  ...{ user_id: 'u', client_id: null, grant_id: null, session_uid: null, ip: null },
  ...{ actor_via: 'cli', actor_client_id: null, actor_user_id: null, actor_token: null, request_id: null },
  detail: { b: 1, a: { d: [2, { y: null, x: 'ü"\n' }], c: true } },
}

describe('an audit event as it is hashed', () => {
  test('leaves out what it has not, so that a column added later changes no old digest', () => {
    expect(documentOf(row)).toEqual({
      ...{ id: '7', at: '2026-11-21T21:00:00.123Z', type: 'user.created', user_id: 'u' },
      ...{ actor: { via: 'cli' }, detail: row.detail },
    })
    expect(documentOf({ ...row, actor_via: null, user_id: null })).not.toHaveProperty('actor')
  })

  test('is the same bytes for everybody: sorted keys, no spaces (RFC 8785)', () => {
    expect(canonicalJson(documentOf(row))).toBe(
      '{"actor":{"via":"cli"},"at":"2026-11-21T21:00:00.123Z","detail":{"a":{"c":true,"d":[2,{"x":"ü\\"\\n","y":null}]},"b":1},"id":"7","type":"user.created","user_id":"u"}',
    )
    // printf '%s' '…' | sha256sum
    expect(digestOf(documentOf({ ...row, detail: {} })).toString('hex')).toBe(
      '930af6654c935eb062528aa67b513bca90df3bc1b30ef23987c099c5a4532c95',
    )
  })
})
