import { describe, expect, test } from '@jest/globals'
import { isTold, wordsForEvent } from '../../../src/account/signed-in/event-words.ts'

const told = (type: string, detail: Record<string, unknown> = {}) => {
  const { what, isAlert } = wordsForEvent({ type, detail }, 'Shop')
  return [what.key.replace('account:self.event.', ''), isAlert]
}

describe('what an event says to the person it is about', () => {
  test.each([
    ['grant.revoked', { reason: 'refresh_token_reused' }, 'accessUsedTwice', true],
    ['grant.revoked', { reason: 'code_replayed' }, 'codeUsedTwice', true],
    ['grant.revoked', { reason: 'revoked_by_client' }, 'accessGivenUp', false],
    ['sign_in.passkey_failed', { reason: 'counter_went_back' }, 'passkeyCopied', true],
    ['sign_in.passkey_failed', { reason: 'disabled' }, 'passkeyFailed', false],
    ['sign_in.unlocked', {}, 'unlockedByMail', true],
    ['throttle.lifted', { kind: 'password.account' }, 'unlocked', false],
    ['user.invited', {}, 'invited', false],
    ['user.updated', { fields: ['email', 'emailVerified'] }, 'emailChanged', true],
    ['user.updated', { fields: ['role'] }, 'roleChanged', false],
    ['user.updated', { fields: ['name', 'locale'] }, 'updated', false],
    ['user.updated', {}, 'updated', false],
    ['user.password_changed', {}, 'passwordChanged', true],
  ])('%s %j is %s, to be looked at twice: %s', (type, detail, key, isAlert) => {
    expect(told(type, detail)).toEqual([key, isAlert])
  })

  test.each([
    ['grant.revoked', { reason: 'signed_out' }],
    ['grant.revoked', { reason: 'withdrawn_by_user' }],
    ['grant.revoked', {}],
    ['sign_in.password_ok', {}],
    ['token.issued', {}],
  ])('%s %j is a part of another event, or none of theirs: it is left out', (type, detail) => {
    expect(isTold({ type, detail })).toBe(false)
  })
})
