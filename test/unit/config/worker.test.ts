import { describe, expect, test } from '@jest/globals'
import { configOf, problemsOf } from './environment.ts'

describe('the worker', () => {
  test('is part of the server unless told otherwise, and uses its database', () => {
    expect(configOf({}).worker).toEqual({ inServer: true, databaseUrl: undefined })
  })

  test('may run apart, and reach the database by an address of its own', () => {
    const databaseUrl = 'postgresql://cardea@db.internal:5432/cardea'
    const env = { CARDEA_JOBS: 'false', DATABASE_URL: 'postgresql://pooler:6432/cardea' }
    expect(configOf({ ...env, CARDEA_JOBS_DATABASE_URL: databaseUrl }).worker).toEqual({
      ...{ inServer: false, databaseUrl },
    })
  })

  test('does not lead to a database of its own', () => {
    const variable = 'CARDEA_JOBS_DATABASE_URL'
    expect(problemsOf({ [variable]: 'postgresql://db.internal/cardea' })).toContainEqual(
      expect.objectContaining({ variable }),
    )
  })

  test.each([
    ['CARDEA_JOBS', 'perhaps'],
    ['CARDEA_JOBS_DATABASE_URL', 'mysql://db/cardea'],
  ])('refuses %s=%s', (variable, text) => {
    expect(problemsOf({ [variable]: text })).toContainEqual(expect.objectContaining({ variable }))
  })
})
