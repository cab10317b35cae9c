import { expect, test } from '@jest/globals'
import { withRun } from '../../../faults/report-file.ts'

const run = (seed: number, verdict = 'HELD') => `### Seed ${seed}, 60 seconds\n\n${verdict}`

test('runs stand in the page in the order of their seeds, each once, and the rest of the page stays', () => {
  const page = withRun(withRun('# Title\n\nText.\n', 2, run(2)), 10, run(10))
  const again = withRun(withRun(page, 1, run(1)), 2, run(2, 'BROKEN'))
  expect(again.match(/^### Seed \d+/gm)).toEqual(['### Seed 1', '### Seed 2', '### Seed 10'])
  expect(again).toMatch(/^# Title\n\nText\.\n\n<!-- /)
  expect(again).toContain('Seed 2, 60 seconds\n\nBROKEN')
  expect(again.match(/HELD/g)).toHaveLength(2)
})

test('text behind the runs is kept', () => {
  const page = withRun('', 1, run(1)).concat('\n## After\n')
  expect(withRun(page, 1, run(1, 'BROKEN'))).toMatch(/BROKEN[\s\S]*## After\n$/)
})
