import { describe, expect, test } from '@jest/globals'
import { createHashQueue, HasherBusy } from '../../../src/users/hash-queue.ts'

function gate() {
  let open: () => void = () => undefined
  const opened = new Promise<void>((resolve) => (open = resolve))
  return { opened, open }
}

describe('the hash queue', () => {
  test('runs no more at once than it was told, and the others in the order they came (FT-26)', async () => {
    const queue = createHashQueue({ concurrency: 2, queue: 10 })
    const started: number[] = []
    const gates = Array.from({ length: 6 }, gate)
    const runs = gates.map(({ opened }, i) =>
      queue.run(async () => {
        started.push(i)
        await opened
      }),
    )
    await Promise.resolve()
    expect(started).toEqual([0, 1])
    expect([queue.active(), queue.waiting()]).toEqual([2, 4])
    gates[1]?.open()
    await runs[1]
    await Promise.resolve()
    expect(started).toEqual([0, 1, 2])
    for (const { open } of gates) open()
    await Promise.all(runs)
    expect(started).toEqual([0, 1, 2, 3, 4, 5])
    expect([queue.active(), queue.waiting()]).toEqual([0, 0])
  })

  test('refuses with 503 and Retry-After when its line is full, and takes work again afterwards (FT-26)', async () => {
    const queue = createHashQueue({ concurrency: 1, queue: 1 })
    const { opened, open } = gate()
    const running = [queue.run(() => opened), queue.run(() => opened)]
    const refused = await queue.run(() => opened).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(HasherBusy)
    expect(refused).toMatchObject({ statusCode: 503, retryAfter: 2 })
    open()
    await Promise.all(running)
    await expect(queue.run(() => Promise.resolve('served'))).resolves.toBe('served')
  })

  test('lets more run while its line is short, and only as many as may hash while it is long (FT-26)', async () => {
    const queue = createHashQueue({ concurrency: 1, aside: 2, queue: 4 })
    const gates = Array.from({ length: 7 }, gate)
    const runs = gates.map(({ opened }) => queue.run(() => opened))
    expect([queue.active(), queue.waiting(), queue.isFull()]).toEqual([3, 4, true])
    const seen: number[] = []
    for (const [nth, { open }] of gates.entries()) {
      open()
      await runs[nth]
      seen.push(queue.active())
    }
    // Four wait: two have left before the next of them comes in. With two left in line there is room for three again.
    expect(seen).toEqual([2, 1, 1, 3, 2, 1, 0])
  })

  test('may be one address’s alone, who makes room as soon as others come (FT-26, TH-03)', async () => {
    const queue = createHashQueue({ concurrency: 1, queue: 4 })
    const { opened, open } = gate()
    const came: Promise<string>[] = []
    const come = (share: string) => {
      const run = queue.run(() => opened, share)
      came.push(
        run.then(
          () => `${share} in`,
          () => `${share} away`,
        ),
      )
    }
    for (let nth = 0; nth < 6; nth += 1) come('stranger')
    expect([queue.waiting(), queue.isFull('stranger'), queue.isFull('owner')]).toEqual([4, true, false])
    for (let nth = 0; nth < 3; nth += 1) come('owner')
    // Two each: nobody has more than a newcomer would.
    expect([
      queue.isFull('stranger'),
      queue.isFull('owner'),
      queue.isFull('another'),
      queue.isFull(),
    ]).toEqual([...[true, true, false, true]])
    open()
    expect(await Promise.all(came)).toEqual([
      ...['stranger in', 'stranger in', 'stranger in', 'stranger away', 'stranger away', 'stranger away'],
      ...['owner in', 'owner in', 'owner away'],
    ])
    expect([queue.active(), queue.waiting(), queue.refused()]).toEqual([0, 0, 4])
  })

  test('frees its place when the work fails', async () => {
    const queue = createHashQueue({ concurrency: 1, queue: 0 })
    await expect(queue.run(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken')
    await expect(queue.run(() => Promise.resolve(1))).resolves.toBe(1)
  })
})
