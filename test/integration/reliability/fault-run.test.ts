import { expect, test } from '@jest/globals'
import { runFaults, verdictLine } from '../../../faults/index.ts'

test('while machines, networks, the database and receivers fail, whatever a client was told stays true (FT-01, FT-02, FT-03, FT-04, FT-07, FT-08, FT-12, FT-13, FT-15, FT-16, FT-21)', async () => {
  const seed = Number(process.env['FAULT_SEED'] ?? 3)
  const run = await runFaults({ seed, seconds: 10 })
  const told = { verdict: verdictLine(run), bugs: run.bugs.slice(0, 5) }
  expect({ ...told, violations: run.violations }).toEqual({ ...told, violations: [] })
  const requests = run.entries.filter(({ type }) => type === 'request')
  expect(requests.length).toBeGreaterThan(100)
}, 120_000)
