import { PassThrough } from 'node:stream'
import { describe, expect, test } from '@jest/globals'
import { copyLines } from '../../../src/serve/copy-lines.ts'
import { pauseAfter } from '../../../src/serve/crew.ts'
import { hashesAtOnce, workerCount } from '../../../src/serve/worker-count.ts'

describe('how many', () => {
  test.each([
    [1, 8, 1],
    [3, 8, 3],
    ['auto', 8, 8],
    ['auto', 1, 1],
  ] as const)('%s workers on %i cores are %i', (configured, cores, count) => {
    expect(workerCount(configured, cores)).toBe(count)
  })

  test.each([
    [0, 'auto', 8, 1],
    [0, 2, 8, 3],
    [0, 4, 2, 1],
    [5, 'auto', 8, 5],
  ] as const)('%i hashes of %s workers on %i cores are %i in each', (configured, workers, cores, each) => {
    expect(hashesAtOnce(configured, workers, cores)).toBe(each)
  })
})

test('a worker that dies is replaced at once, and ever later while it goes on dying', () => {
  const pauses = Array.from({ length: 12 }, (_, nth) => pauseAfter(nth + 1))
  expect(pauses[0]).toBe(100)
  expect(pauses).toEqual(pauses.toSorted((one, other) => one - other))
  expect(pauses.at(-1)).toBe(30_000)
})

test('lines of several sources are never mixed', async () => {
  const written: string[] = []
  const sink = { write: (line: string) => written.push(line) }
  const [one, two] = [new PassThrough(), new PassThrough()]
  copyLines(one, sink)
  copyLines(two, sink)
  const closed = Promise.all(
    [one, two].map((source) => new Promise((resolve) => source.once('close', resolve))),
  )
  one.write('{"a":')
  two.write('{"b":2}\n{"b"')
  one.write('1}\n')
  two.write(':3}\n')
  two.end()
  one.end('the last words')
  await closed
  expect(written.join('').split('\n').toSorted()).toEqual(
    ['', '{"a":1}', '{"b":2}', '{"b":3}', 'the last words'].toSorted(),
  )
})
