import { expect, test } from '@jest/globals'
import { configOf, problemsOf } from './environment.ts'

test('streams of security events begin with everybody, or with nobody, and with nothing between (SSF 1.0 §7.1)', () => {
  const variable = 'CARDEA_SIGNALS_DEFAULT_SUBJECTS'
  expect(configOf({}).signals.defaultSubjects).toBe('ALL')
  expect(configOf({ [variable]: 'NONE' }).signals.defaultSubjects).toBe('NONE')
  expect(problemsOf({ [variable]: 'SOME' })).toContainEqual(expect.objectContaining({ variable }))
})
