import { describe, expect, test } from '@jest/globals'
import { settle } from '../../../src/audit/chain.ts'

const start = { settled: 10n, candidate: null, holders: [] }

describe('how far event ids are final', () => {
  test('is the newest one when nobody is writing', () => {
    expect(settle(start, { newest: 15n, holdersNow: [], linkedUpTo: null })).toEqual({
      ...{ settled: 15n, candidate: null, holders: [] },
    })
  })

  test('stays while somebody is writing who may have a lower id, and goes on when they are gone', () => {
    const first = settle(start, { newest: 15n, holdersNow: ['3/1', '4/9'], linkedUpTo: null })
    expect(first).toEqual({ settled: 10n, candidate: 15n, holders: ['3/1', '4/9'] })
    const second = settle(first, { newest: 20n, holdersNow: ['4/9', '5/5'], linkedUpTo: null })
    expect(second).toEqual({ settled: 10n, candidate: 15n, holders: ['4/9'] })
    // Those who write now began after 15 was seen; they are who 22 waits for.
    const third = settle(second, { newest: 22n, holdersNow: ['5/6'], linkedUpTo: null })
    expect(third).toEqual({ settled: 15n, candidate: 22n, holders: ['5/6'] })
  })

  test('does not go beyond what a full batch has linked', () => {
    const first = settle(start, { newest: 90n, holdersNow: [], linkedUpTo: 40n })
    expect(first).toEqual({ settled: 40n, candidate: 90n, holders: [] })
    const second = settle(first, { newest: 95n, holdersNow: ['1/1'], linkedUpTo: 70n })
    expect(second).toEqual({ settled: 70n, candidate: 90n, holders: [] })
    const third = settle(second, { newest: 95n, holdersNow: ['1/1'], linkedUpTo: null })
    expect(third).toEqual({ settled: 90n, candidate: 95n, holders: ['1/1'] })
  })

  test('never goes back', () => {
    const late = settle(start, { newest: 12n, holdersNow: [], linkedUpTo: 4n })
    expect(late.settled).toBe(10n)
    expect(settle(start, { newest: null, holdersNow: [], linkedUpTo: null }).settled).toBe(10n)
  })
})
