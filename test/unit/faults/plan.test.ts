import { expect, test } from '@jest/globals'
import { readOptions } from '../../../faults/options.ts'
import { planFaults } from '../../../faults/plan.ts'

test('a seed decides the whole plan, and another seed another one', () => {
  expect(planFaults(7, 60)).toEqual(planFaults(7, 60))
  expect(planFaults(7, 60)).not.toEqual(planFaults(8, 60))
})

test.each([1, 2, 3])(
  'in two minutes every kind of fault has its turn, and none goes on for longer (seed %i)',
  (seed) => {
    const plan = planFaults(seed, 120)
    expect([...new Set(plan.map(({ kind }) => kind))].toSorted()).toEqual(
      [
        ...[
          'client_cut',
          'client_hang',
          'client_slow',
          'clock',
          'commit_after',
          'commit_before',
          'cut',
          'disk_full',
        ],
        ...['down', 'hang', 'kill', 'pause', 'read_only', 'receiver_500', 'receiver_hang', 'receiver_refuse'],
        ...['restart', 'slow', 'stop', 'storm'],
      ].toSorted(),
    )
    for (const { atMs, forMs } of plan) expect(atMs + forMs).toBeLessThanOrEqual(120_000)
  },
)

test('within a lane one fault follows the other', () => {
  const lanes = Map.groupBy(planFaults(4, 60), ({ lane }) => lane)
  expect(lanes.size).toBe(3)
  for (const lane of lanes.values())
    for (const [nth, { atMs, forMs }] of lane.slice(0, -1).entries())
      expect(atMs + forMs).toBeLessThan(lane[nth + 1]?.atMs ?? 0)
})

test('the command line is read strictly', () => {
  expect(readOptions(['--seed', '3', '--seconds', '120', '--report', 'x.md'])).toMatchObject({
    ...{ seed: 3, seconds: 120, report: 'x.md' },
  })
  for (const wrong of [['--seed', 'x'], ['--seconds', '4'], ['--seconds', '1e3'], ['--what']])
    expect(() => readOptions(wrong)).toThrow(/--/)
})
