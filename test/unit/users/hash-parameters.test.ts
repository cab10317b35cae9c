import { describe, expect, test } from '@jest/globals'
import {
  assertHashParameters,
  assertPasswordHash,
  hashFloor,
  isOutdated,
  missingWork,
  readHashParameters,
} from '../../../src/users/hash-parameters.ts'

const parameters = (memoryKiB: number, passes: number, parallelism = 1) => ({
  memoryKiB,
  passes,
  parallelism,
})
const tail = '$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g'

describe('hash parameters', () => {
  test('the floor is 19 MiB, two passes, one lane (PW-03)', () => {
    expect(hashFloor).toEqual(parameters(19_456, 2))
    expect(() => assertHashParameters(hashFloor)).not.toThrow()
  })

  test.each([
    parameters(19_455, 2),
    parameters(19_456, 1),
    parameters(19_456, 2, 0),
    parameters(19_456.5, 2),
    parameters(NaN, 2),
    parameters(19_456, Infinity),
  ])('parameters below the floor or not whole are refused: %j (PW-03)', (below) => {
    expect(() => assertHashParameters(below)).toThrow(RangeError)
  })

  test.each([
    [`$argon2id$v=19$m=19456,t=2,p=1${tail}`, parameters(19_456, 2)],
    [`$argon2id$v=19$m=65536,p=4,t=3${tail}`, parameters(65_536, 3, 4)],
  ])('reads %s', (hash, expected) => {
    expect(readHashParameters(hash)).toEqual(expected)
  })

  test.each([
    '',
    'correct horse battery staple',
    `$argon2i$v=19$m=19456,t=2,p=1${tail}`,
    `$argon2d$v=19$m=19456,t=2,p=1${tail}`,
    `$argon2id$v=16$m=19456,t=2,p=1${tail}`,
    `$argon2id$v=19$m=19456,t=2${tail}`,
    `$argon2id$v=19$m=19456,t=2,p=1`,
    `$argon2id$v=19$m=19456,t=2,p=1${tail}\n`,
    '$2b$12$abcdefghijklmnopqrstuvABCDEFGHIJKLMNOPQRSTUVWXYZ01234',
  ])('takes %j for no hash of ours', (text) => {
    expect(readHashParameters(text)).toBeNull()
    expect(() => assertPasswordHash(text)).toThrow(TypeError)
  })

  test.each([
    ['same', parameters(19_456, 2), parameters(19_456, 2), false],
    ['more memory today', parameters(19_456, 2), parameters(65_536, 2), true],
    ['more passes today', parameters(19_456, 2), parameters(19_456, 3), true],
    ['less today: rehashing must not weaken', parameters(65_536, 3), parameters(19_456, 2), false],
  ])('is a hash outdated? %s (PW-03)', (_, stored, today, expected) => {
    expect(isOutdated(stored, today)).toBe(expected)
  })

  test('what is no argon2id hash is outdated (PW-03)', () => {
    expect(isOutdated(null, hashFloor)).toBe(true)
  })

  test.each([
    [parameters(19_456, 2), parameters(19_456, 2)],
    [parameters(65_536, 3), parameters(19_456, 2)],
  ])('nothing is missing when %j meets %j', (stored, today) => {
    expect(missingWork(stored, today)).toBeNull()
  })

  test.each([
    [parameters(19_456, 2), parameters(65_536, 3)],
    [parameters(19_456, 2), parameters(19_456, 3)],
    [parameters(20_000, 2), parameters(20_050, 2, 4)],
  ])('the work that %j lacks makes it as dear as %j (TH-04)', (stored, today) => {
    const missing = missingWork(stored, today)
    const work = (of: typeof stored | null) => (of ? of.memoryKiB * of.passes : 0)
    const gap = work(today) - work(stored) - work(missing)
    expect(gap).toBeGreaterThanOrEqual(0)
    expect(gap).toBeLessThan(8)
    expect(missing?.memoryKiB).toBeLessThanOrEqual(today.memoryKiB)
  })
})
