import { describe, expect, test } from '@jest/globals'
import { configOf, problemsOf } from './environment.ts'

describe('the retention of audit events', () => {
  test.each([
    [undefined, 0],
    ['0', 0],
    ['30', 30],
    ['400', 400],
  ])('written as %s keeps %i days, where 0 is for ever', (written, days) => {
    expect(configOf({ CARDEA_AUDIT_RETENTION_DAYS: written }).audit.retentionDays).toBe(days)
  })

  test.each(['1', '29', '-1', '36501', 'year'])('refuses %s: followers may be a month behind', (written) => {
    const variable = 'CARDEA_AUDIT_RETENTION_DAYS'
    expect(problemsOf({ [variable]: written })).toContainEqual(expect.objectContaining({ variable }))
  })
})
