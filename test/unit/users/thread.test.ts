import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, describe, expect, test } from '@jest/globals'
import { HasherBusy } from '../../../src/users/hash-queue.ts'
import { createThread, ThreadTrouble } from '../../../src/users/thread.ts'

const dir = mkdtempSync(join(tmpdir(), 'thread-'))
afterAll(() => rmSync(dir, { recursive: true }))

/** Answers with what it was asked, and which of its answers this is; or does as it is told. */
const file = pathToFileURL(join(dir, 'echo.mjs'))
writeFileSync(
  file,
  `import { parentPort } from 'node:worker_threads'
  let nth = 0
  parentPort.on('message', ({ id, say, then }) => {
    nth += 1
    if (then === 'hang') for (;;) {}
    if (then === 'exit') process.exit(1)
    if (then === 'throw') throw new Error('inside')
    parentPort.postMessage({ id, answer: say + nth })
  })
  parentPort.postMessage({ ready: true })`,
)
type Question = { say: string; then?: 'hang' | 'exit' | 'throw' }
const echo = (options: Partial<Parameters<typeof createThread>[0]> = {}) =>
  createThread<Question, string>({ file, timeoutMs: 300, most: 5, idleMs: 50, ...options })

describe('a thread', () => {
  test('answers one after the other, and each what it was asked', async () => {
    const thread = echo()
    const asked = ['a', 'b', 'c'].map((say) => thread.ask({ say }))
    expect(await Promise.all(asked)).toEqual(['a1', 'b2', 'c3'])
  })

  test('ends when nobody asks, and begins anew when somebody does', async () => {
    const thread = echo()
    expect(await thread.ask({ say: 'a' })).toBe('a1')
    expect(await thread.ask({ say: 'b' })).toBe('b2')
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(await thread.ask({ say: 'c' })).toBe('c1')
  })

  test.each(['hang', 'exit', 'throw'] as const)(
    'that does %s costs one question its answer, and no other',
    async (then) => {
      const thread = echo()
      const outcomes = await Promise.allSettled([
        thread.ask({ say: 'a' }),
        thread.ask({ say: 'b', then }),
        thread.ask({ say: 'c' }),
      ])
      expect(outcomes[0]).toEqual({ status: 'fulfilled', value: 'a1' })
      expect(outcomes[1]).toMatchObject({ reason: expect.any(ThreadTrouble), status: 'rejected' })
      expect(outcomes[1]).toHaveProperty('reason.statusCode', 503)
      expect(outcomes[2]).toEqual({ status: 'fulfilled', value: 'c1' })
    },
  )

  test('that cannot be loaded is trouble, each time', async () => {
    const thread = echo({ file: pathToFileURL(join(dir, 'nowhere.mjs')) })
    for (const say of ['a', 'b']) await expect(thread.ask({ say })).rejects.toThrow(ThreadTrouble)
  })

  test('refuses at once what it would take too long to come to', async () => {
    const thread = echo()
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => thread.ask({ say: 'x' })))
    expect(outcomes.map(({ status }) => status === 'fulfilled')).toEqual([
      true,
      true,
      true,
      true,
      true,
      false,
      false,
      false,
    ])
    expect(outcomes[7]).toHaveProperty('reason', expect.any(HasherBusy))
  })

  test('may take its time to load', async () => {
    const slow = pathToFileURL(join(dir, 'slow.mjs'))
    writeFileSync(
      slow,
      `await new Promise((resolve) => setTimeout(resolve, 700)); await import(${JSON.stringify(file.href)})`,
    )
    expect(await echo({ file: slow }).ask({ say: 'a' })).toBe('a1')
    await expect(echo({ file: slow, loadMs: 100 }).ask({ say: 'a' })).rejects.toThrow('took too long')
  })
})
