import { createHash, randomUUID } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import type { AdapterPayload } from 'oidc-provider'
import {
  grantRow,
  idDigest,
  interactionPayload,
  interactionRow,
  sessionRow,
  tokenRow,
  withExpiry,
} from '../../../src/oidc/store/rows.ts'

const id = 'a-secret-of-43-characters-abcdefghijklmnopqr'
const userId = randomUUID()

test('an id is kept as its SHA-256 (CO-07)', () => {
  expect(idDigest(id)).toEqual(createHash('sha256').update(id).digest())
})

describe('a token row', () => {
  const payload: AdapterPayload = {
    jti: id,
    exp: 1_800_000_000,
    consumed: true,
    grantId: 'g',
    clientId: 'c',
    accountId: userId,
    sessionUid: 's',
    aud: 'https://api.example/',
    uid: 'u',
    userCode: 'AAAA-BBBB',
    scope: 'openid',
  }

  test('has a column for everything that is looked for, and the rest beside it', () => {
    const { payload: stored, ...columns } = tokenRow('AccessToken', id, payload, 5)
    expect(columns).toEqual({
      digest: idDigest(id),
      kind: 'AccessToken',
      grantId: 'g',
      clientId: 'c',
      userId,
      sessionUid: 's',
      audience: 'https://api.example/',
      uid: 'u',
      userCode: 'AAAA-BBBB',
      issuedAt: null,
      status: null,
      expiresAt: new Date(1_800_000_000_000),
    })
    expect(JSON.parse(stored)).toMatchObject({ scope: 'openid', grantId: 'g' })
  })

  test('has neither the secret nor whether it was used up: the one must not be there, the other has a column (CO-02, CO-07)', () => {
    const { payload: stored } = tokenRow('AccessToken', id, payload, 5)
    expect(stored).not.toContain(id)
    expect(JSON.parse(stored)).not.toHaveProperty('consumed')
  })

  test('ends when the payload says, else after the time given, else never', () => {
    expect(tokenRow('T', id, { exp: 100 }, 5).expiresAt).toEqual(new Date(100_000))
    const inFive = tokenRow('T', id, {}, 5).expiresAt?.getTime() ?? 0
    expect(Math.abs(inFive - Date.now() - 5000)).toBeLessThan(1000)
    expect(tokenRow('T', id, {}, undefined).expiresAt).toBeNull()
  })

  test.each(['root', '', '00000000-0000-0000-0000-00000000000g', `${userId} `, `x${userId}`])(
    'of the account "%s", which is no user of ours, is nobody\'s',
    (accountId) => {
      expect(tokenRow('T', id, { accountId }, 5).userId).toBeNull()
    },
  )

  test('of several audiences belongs to none', () => {
    expect(tokenRow('T', id, { aud: ['a', 'b'] as never }, 5).audience).toBeNull()
  })
})

describe('a session row', () => {
  test('is found by its uid and by the digest of the cookie, which it does not hold', () => {
    const row = sessionRow(id, { jti: id, uid: 'u', accountId: userId, loginTs: 1 }, 60)
    expect(row).toMatchObject({ uid: 'u', digest: idDigest(id), userId })
    expect(row.payload).not.toContain(id)
  })

  test('without a uid is a bug, not a row', () => expect(() => sessionRow(id, {}, 60)).toThrow(TypeError))
})

test('a grant row keeps its id, which opens nothing', () => {
  const row = grantRow('g', { jti: 'g', clientId: 'c', accountId: userId }, 60)
  expect(row).toMatchObject({ id: 'g', clientId: 'c', userId })
  expect(JSON.parse(row.payload)).toMatchObject({ jti: 'g' })
})

describe('an interaction row', () => {
  const payload: AdapterPayload = {
    jti: id,
    exp: 1_800_000_000,
    returnTo: `https://id.example/authorize/${id}`,
    params: { client_id: 'c', state: '{uid}' },
    session: { accountId: userId, uid: 'u', cookie: 'the-cookie-of-the-session' },
  }

  test('holds neither its own id nor the cookie of the session, and yet gives back the address to return to (SE-04)', () => {
    const row = interactionRow(id, payload, 60)
    expect(row.payload).not.toContain(id)
    expect(row.payload).not.toContain('the-cookie-of-the-session')
    expect(row).toMatchObject({ digest: idDigest(id), clientId: 'c' })
    expect(interactionPayload(id, JSON.parse(row.payload) as AdapterPayload)).toEqual({
      ...payload,
      session: { accountId: userId, uid: 'u' },
    })
  })

  test('of a client_id that is no text is of no client', () => {
    expect(interactionRow(id, { params: { client_id: ['a'] } }, 60).clientId).toBeNull()
    expect(interactionRow(id, {}, 60).clientId).toBeNull()
  })
})

test('the end that counts is the column, in whole seconds, because it is what moves (RT-05)', () => {
  expect(withExpiry({ exp: 1, scope: 'a' }, new Date(1_800_000_000_999))).toEqual({
    exp: 1_800_000_000,
    scope: 'a',
  })
  expect(withExpiry({ exp: 1 }, null)).toEqual({ exp: 1 })
})
