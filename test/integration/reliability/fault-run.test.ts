import { expect, test } from '@jest/globals'
import { runFaults, verdictLine } from '../../../faults/index.ts'

/** In its first seconds: a kill, cuts on COMMIT, a restart of the database, and a receiver that refuses. */
const SEED = 1182
const SECONDS = 7

test('while two processes, their database, the network and receivers fail, whatever a client was told stays true (FT-02, FT-12, FT-13, FT-21)', async () => {
  const chosen = process.env['FAULT_SEED']
  const run = await runFaults({ seed: Number(chosen ?? SEED), seconds: SECONDS })
  const told = { verdict: verdictLine(run), bugs: run.bugs.slice(0, 5) }
  expect({ ...told, violations: run.violations }).toEqual({ ...told, violations: [] })
  const kinds = run.entries.flatMap((entry) => (entry.type === 'fault' ? [entry.kind] : []))
  if (chosen === undefined)
    expect(kinds).toEqual(expect.arrayContaining(['kill', 'commit_after', 'restart', 'receiver_refuse']))
  const answered = run.entries.filter((entry) => entry.type === 'request' && entry.status === 200)
  expect(answered.length).toBeGreaterThan(20)
}, 180_000)
