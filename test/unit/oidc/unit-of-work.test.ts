import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { describe, expect, test } from '@jest/globals'
import { idDigest, sessionRow } from '../../../src/oidc/store/rows.ts'
import { addWrite, beginUnitOfWork, needsNoWrite, unitOfWork } from '../../../src/oidc/store/unit-of-work.ts'
import { inLockOrder } from '../../../src/oidc/store/writes.ts'
import type { Write } from '../../../src/oidc/store/writes.ts'

const request = () => new IncomingMessage(new Socket())
const session = (uid: string, id = 'x'): Write => ({ do: 'save_session', row: sessionRow(id, { uid }, 60) })
const kinds = (writes: Write[]) => writes.map((write) => write.do)

describe('a unit of work', () => {
  test('belongs to one request and to no other', () => {
    const [one, other] = [request(), request()]
    const work = beginUnitOfWork(one)
    expect(unitOfWork({ req: one })).toBe(work)
    expect(unitOfWork({ req: other })).toBeUndefined()
    expect(unitOfWork(undefined)).toBeUndefined()
  })

  test('keeps of several saves of one session, sign-in or grant the last', () => {
    const work = beginUnitOfWork(request())
    for (const id of ['a', 'b']) addWrite(work, session('u', id))
    addWrite(work, session('other'))
    expect(work.writes).toHaveLength(2)
    expect(work.writes[0]).toMatchObject({ row: { digest: idDigest('b') } })
  })

  test('ends a session instead of saving it, when both are wanted (SE-09)', () => {
    const work = beginUnitOfWork(request())
    addWrite(work, session('u'))
    addWrite(work, { do: 'revoke_session', uid: 'u' })
    expect(kinds(work.writes)).toEqual(['revoke_session'])
  })

  test('revokes a grant whole instead of kind by kind', () => {
    const work = beginUnitOfWork(request())
    for (const kind of ['AccessToken', 'RefreshToken', 'AccessToken'])
      addWrite(work, { do: 'delete_grant_tokens', kind, grantId: 'g' })
    expect(work.writes).toHaveLength(2)
    addWrite(work, { do: 'revoke_grant', grantId: 'other' })
    expect(work.writes).toHaveLength(3)
  })
})

test('all transactions lock in one order, so that two of them wait for each other instead of dying (FT-29)', () => {
  const writes: Write[] = [
    { do: 'delete_grant_tokens', kind: 'AccessToken', grantId: 'g' },
    session('u'),
    { do: 'revoke_grant', grantId: 'g' },
    { do: 'consume_token', kind: 'RefreshToken', digest: Buffer.alloc(0), successor: null },
  ]
  const order = ['consume_token', 'revoke_grant', 'save_session', 'delete_grant_tokens']
  expect(kinds(inLockOrder(writes))).toEqual(order)
  expect(kinds(inLockOrder(writes.toReversed()))).toEqual(order)
})

describe('a session that did not change', () => {
  const now = Date.parse('2026-11-21T12:00:00Z')
  const exp = (idleSeconds: number) => now / 1000 + idleSeconds
  const row = (idleSeconds: number, more = {}) =>
    sessionRow('x', { uid: 'u', accountId: 'a', iat: 2, exp: exp(idleSeconds), ...more }, undefined)
  const known = (secondsAgo: number) => ({
    uid: 'u',
    payload: { uid: 'u', accountId: 'a', iat: 1, exp: 1 },
    expiresAt: null,
    updatedAt: new Date(now - secondsAgo * 1000),
    readAt: new Date(now),
  })

  test.each([
    [3600, 0, true],
    [3600, 60, true],
    [3600, 61, false],
    [60, 6, true],
    [60, 7, false],
    [100, 11, false],
  ])(
    'with %i s of idle time is written again %i s later: not needed is %s (SE-03)',
    (idle, ago, expected) => {
      expect(needsNoWrite(row(idle), known(ago), true, now)).toBe(expected)
    },
  )

  test('is written at once if it is new, has another cookie value, or did change (SE-02)', () => {
    expect(needsNoWrite(row(3600), null, true, now)).toBe(false)
    expect(needsNoWrite(row(3600), undefined, true, now)).toBe(false)
    expect(needsNoWrite(row(3600), known(0), false, now)).toBe(false)
    expect(needsNoWrite(row(3600, { acr: 'mfa' }), known(0), true, now)).toBe(false)
  })
})
