import { describe, expect, test } from '@jest/globals'
import { claimsFor } from '../../../src/users/claims.ts'

const user = {
  id: '01900000-0000-7000-8000-000000000001',
  email: 'ada@example.test',
  emailVerified: true,
  name: 'Ada Lovelace',
  updatedAt: new Date('2026-11-21T12:00:00.900Z'),
}

describe('claimsFor', () => {
  test('says who the user is in OpenID Connect’s words (OpenID Connect Core §5.1)', () => {
    expect(claimsFor(user)).toEqual({
      sub: user.id,
      name: 'Ada Lovelace',
      email: 'ada@example.test',
      email_verified: true,
      updated_at: 1_795_262_400,
    })
  })

  test('leaves out the name of a user who has none (OpenID Connect Core §5.3.2)', () => {
    expect(claimsFor({ ...user, name: null })).not.toHaveProperty('name')
  })
})
