import { randomBytes } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { issueDeviceToken, readDeviceToken } from '../../../src/users/known-device.ts'

const ada = '01900000-0000-7000-8000-000000000001'
const bob = '01900000-0000-7000-8000-000000000002'
const [key, newer] = [randomBytes(32), randomBytes(32)]
const day = 24 * 60 * 60 * 1000
const now = new Date('2026-11-21T12:00:00Z')
const later = (days: number) => new Date(now.getTime() + days * day)

describe('the token of a known device', () => {
  const token = issueDeviceToken([key], ada, now)

  test('is known for the user it was issued to, for 180 days (TH-03)', () => {
    expect(readDeviceToken([key], { token, userId: ada, now })).toEqual({
      nonce: token.split('.')[0],
      issuedAt: now,
    })
    expect(readDeviceToken([key], { token, userId: ada, now: later(180) })).not.toBeNull()
    expect(readDeviceToken([key], { token, userId: ada, now: later(180.001) })).toBeNull()
  })

  test('is nothing for another user (TH-03)', () => {
    expect(readDeviceToken([key], { token, userId: bob, now })).toBeNull()
    expect(readDeviceToken([key], { token, userId: 'not an id', now })).toBeNull()
  })

  test('does not name its user', () => {
    expect(token).not.toContain(ada)
    expect(token).toMatch(/^[\w-]{22}\.\d+\.[\w-]{43}$/)
  })

  test('outlives a rotation of keys, until its key is gone (FT-20)', () => {
    expect(readDeviceToken([newer, key], { token, userId: ada, now })).not.toBeNull()
    expect(readDeviceToken([newer], { token, userId: ada, now })).toBeNull()
    expect(readDeviceToken([], { token, userId: ada, now })).toBeNull()
    expect(() => issueDeviceToken([], ada)).toThrow()
  })

  test('is issued with a name of its own each time', () => {
    expect(issueDeviceToken([key], ada, now)).not.toBe(token)
  })

  test('is nothing once any character of it differs', () => {
    for (let at = 0; at < token.length; at += 1) {
      const changed = token.slice(0, at) + (token[at] === '1' ? '2' : '1') + token.slice(at + 1)
      expect(readDeviceToken([key], { token: changed, userId: ada, now })).toBeNull()
    }
  })

  test.each([undefined, '', '.', '..', 'a.b.c', '\u0000', '__proto__', 'x'.repeat(100_000)])(
    'is not %j',
    (garbage) => {
      expect(readDeviceToken([key], { token: garbage, userId: ada, now })).toBeNull()
    },
  )

  test('cannot be cut, lengthened or put together from two', () => {
    const [nonce = '', issued = '', signature = ''] = token.split('.')
    const [otherNonce = ''] = issueDeviceToken([key], ada, now).split('.')
    for (const forged of [
      token.slice(0, -1),
      `${token}=`,
      ` ${token}`,
      `${token}\n`,
      [otherNonce, issued, signature].join('.'),
      [nonce, String(Number(issued) + 1), signature].join('.'),
    ])
      expect(readDeviceToken([key], { token: forged, userId: ada, now })).toBeNull()
  })
})
