import { expect, test } from '@jest/globals'
import { createPasswordHasher, HasherBusy } from '../../../src/users/index.ts'

test('of a stampede few work at once, some wait for their turn, and the others are refused before their work begins (HT-05)', async () => {
  const hasher = createPasswordHasher({ concurrency: 1, queue: 3 })
  let begun = 0
  let finish: () => void = () => undefined
  const gate = new Promise<void>((resolve) => (finish = resolve))
  const work = async () => {
    begun += 1
    await gate
  }
  const all = Promise.allSettled(Array.from({ length: 500 }, () => hasher.admit(work)))
  await new Promise(setImmediate)
  expect(begun).toBe(3)
  finish()
  const refused = (await all).flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []))
  expect(begun).toBe(6)
  expect(refused).toHaveLength(494)
  expect(refused.every((reason) => reason instanceof HasherBusy)).toBe(true)
  // The places are free again, also after work that failed.
  await expect(hasher.admit(() => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(await hasher.admit(() => Promise.resolve('in'))).toBe('in')
})
