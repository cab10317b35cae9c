import { describe, expect, test } from '@jest/globals'
import { configOf, problemsOf, production } from './environment.ts'

describe('the looks', () => {
  test('have a name and a language from the beginning', () => {
    expect(configOf({}).looks).toEqual({ name: 'Cardea', language: 'en', viewsDir: undefined })
  })

  test('are what is set', () => {
    const env = { CARDEA_NAME: ' Bürgeramt ', CARDEA_LANGUAGE: 'ar', CARDEA_VIEWS_DIR: '/etc/cardea/views' }
    expect(configOf({ ...production, ...env }).looks).toEqual({
      name: 'Bürgeramt',
      language: 'ar',
      viewsDir: '/etc/cardea/views',
    })
  })

  test.each([
    ['CARDEA_NAME', 'x'.repeat(61)],
    ['CARDEA_NAME', 'a<b'],
    ['CARDEA_NAME', 'two\nlines'],
    ['CARDEA_NAME', 'turned\u202Eround'],
    ['CARDEA_LANGUAGE', 'tlh'],
    ['CARDEA_LANGUAGE', 'de-AT'],
  ])('refuse %s=%j', (variable, value) => {
    expect(problemsOf({ ...production, [variable]: value })).toContainEqual(
      expect.objectContaining({ variable }),
    )
  })
})
