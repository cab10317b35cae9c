import { describe, expect, test } from '@jest/globals'
import { createPasswordHasher } from '../../../src/users/hasher.ts'
import { HasherBusy } from '../../../src/users/hash-queue.ts'
import { readHashParameters } from '../../../src/users/hash-parameters.ts'

const hasher = createPasswordHasher({ concurrency: 2 })

describe('the password hasher', () => {
  test('makes argon2id hashes with the parameters it was given, each with its own salt (PW-03)', async () => {
    const [one, other] = await Promise.all([hasher.hash('correct horse'), hasher.hash('correct horse')])
    expect(readHashParameters(one)).toEqual({ memoryKiB: 19_456, passes: 2, parallelism: 1 })
    expect(one).not.toBe(other)
  })

  test.each([{ memoryKiB: 19_455 }, { passes: 1 }, { parallelism: 0 }])(
    'cannot be made with %j (PW-03)',
    (below) => {
      expect(() => createPasswordHasher(below)).toThrow(RangeError)
    },
  )

  test('knows the password it hashed and no other, to the last character (PW-01)', async () => {
    const long = 'x'.repeat(100)
    const hash = await hasher.hash(long)
    await expect(hasher.verify(hash, long)).resolves.toBe(true)
    await expect(hasher.verify(hash, long.slice(0, 72))).resolves.toBe(false)
    await expect(hasher.verify(hash, ` ${long}`)).resolves.toBe(false)
    await expect(hasher.verify(hash, '')).resolves.toBe(false)
  })

  test('takes differently composed Unicode for the same password (PW-03)', async () => {
    const hash = await hasher.hash('Zoe\u0308 \u{1f511} ﬁne')
    await expect(hasher.verify(hash, 'Zo\u00eb \u{1f511} fine')).resolves.toBe(true)
    await expect(hasher.verify(hash, 'zoë \u{1f511} fine')).resolves.toBe(false)
  })

  test('tells passwords apart that differ after a NUL', async () => {
    const hash = await hasher.hash('before\u0000after')
    await expect(hasher.verify(hash, 'before\u0000other')).resolves.toBe(false)
    await expect(hasher.verify(hash, 'before\u0000after')).resolves.toBe(true)
  })

  test('refuses more than 1 KiB before it hashes anything (PW-03)', async () => {
    const mine = createPasswordHasher()
    const hash = await mine.hash('x'.repeat(1024))
    await expect(mine.hash('x'.repeat(1025))).rejects.toThrow(RangeError)
    await expect(mine.verify(hash, 'x'.repeat(1024))).resolves.toBe(true)
    const before = mine.stats().comparisons
    await expect(mine.verify(hash, 'x'.repeat(1_000_000))).resolves.toBe(false)
    await expect(mine.verify(null, 'ö'.repeat(513))).resolves.toBe(false)
    expect(mine.stats().comparisons).toBe(before)
  })

  test('does the work for a user without a password too, and never matches (TH-04)', async () => {
    const before = hasher.stats().comparisons
    await expect(hasher.verify(null, '')).resolves.toBe(false)
    await expect(hasher.verify('no hash at all', 'no hash at all')).resolves.toBe(false)
    expect(hasher.stats().comparisons - before).toBe(2)
  })

  test('asks for a new hash when its parameters have grown, and still takes the old one (PW-03)', async () => {
    const old = await hasher.hash('correct horse')
    const grown = createPasswordHasher({ memoryKiB: 24_576 })
    expect(hasher.needsRehash(old)).toBe(false)
    expect(grown.needsRehash(old)).toBe(true)
    await expect(grown.verify(old, 'correct horse')).resolves.toBe(true)
    await expect(grown.verify(old, 'wrong horse')).resolves.toBe(false)
    expect(hasher.needsRehash(await grown.hash('correct horse'))).toBe(false)
  })

  test('serves a stampede up to its queue and refuses the rest at once (FT-26)', async () => {
    const small = createPasswordHasher({ concurrency: 1, queue: 3 })
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => small.verify(null, 'guess')))
    const refused = outcomes.filter(({ status }) => status === 'rejected')
    expect(outcomes.length - refused.length).toBe(4)
    for (const outcome of refused) expect(outcome).toHaveProperty('reason', expect.any(HasherBusy))
    expect(small.stats()).toEqual({ active: 0, waiting: 0, comparisons: 4, refused: 16 })
  })
})
