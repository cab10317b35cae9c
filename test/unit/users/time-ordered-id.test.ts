import { expect, test } from '@jest/globals'
import { timeOrderedId } from '../../../src/users/import/time-ordered-id.ts'

test('the ids of imported users are UUIDs of version 7, each another, in the order of time (RFC 9562 §5.7)', () => {
  const ids = Array.from({ length: 1000 }, (_, nth) =>
    timeOrderedId(Date.parse('2026-11-22T00:00:00Z') + nth),
  )
  for (const id of ids)
    expect(id).toMatch(/^01a2008d-7[0-9a-f]{3}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  expect([...ids].sort()).toEqual(ids)
  expect(new Set(Array.from({ length: 1000 }, () => timeOrderedId(0))).size).toBe(1000)
})
