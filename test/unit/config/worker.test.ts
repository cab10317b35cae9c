import { describe, expect, test } from '@jest/globals'
import { configOf, problemsOf } from './environment.ts'

describe('the worker', () => {
  test('is part of the server unless told otherwise, and uses its database', () => {
    expect(configOf({}).worker).toEqual({ inServer: true, databaseUrl: undefined })
  })

  test('may run apart, and reach the database by an address of its own', () => {
    const databaseUrl = 'postgresql://cardea@db.internal:5432/cardea'
    expect(configOf({ CARDEA_WORKER: 'false', CARDEA_WORKER_DATABASE_URL: databaseUrl }).worker).toEqual({
      ...{ inServer: false, databaseUrl },
    })
  })

  test.each([
    ['CARDEA_WORKER', 'perhaps'],
    ['CARDEA_WORKER_DATABASE_URL', 'mysql://db/cardea'],
  ])('refuses %s=%s', (variable, text) => {
    expect(problemsOf({ [variable]: text })).toContainEqual(expect.objectContaining({ variable }))
  })
})
