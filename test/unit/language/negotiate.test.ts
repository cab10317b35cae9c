import { describe, expect, test } from '@jest/globals'
import { fromAccept, fromUiLocales, negotiate } from '../../../src/language/index.ts'

describe('the language of a page', () => {
  test('is the app’s wish, then the person’s choice, then the browser’s, then the server’s', () => {
    const all = { uiLocales: 'fr', chosen: 'de', accept: 'ja', fallback: 'pt' } as const
    expect(negotiate(all)).toBe('fr')
    expect(negotiate({ ...all, uiLocales: undefined })).toBe('de')
    expect(negotiate({ ...all, uiLocales: 'xx', chosen: null })).toBe('ja')
    expect(negotiate({ ...all, uiLocales: '', chosen: ['tlh', 'es-MX'] })).toBe('es')
    expect(negotiate({ fallback: 'pt' })).toBe('pt')
    expect(negotiate({})).toBe('en')
  })
})

describe('ui_locales (OIDC Core §3.1.2.1)', () => {
  test.each([
    ['fr-CA fr en', 'fr'],
    ['tlh nl de-AT en', 'de'],
    ['PT-br', 'pt'],
    ['zh-Hant-TW ja', 'ja'],
    ['de,en', undefined],
    ['', undefined],
    [' '.repeat(5000) + 'de', undefined],
    ['__proto__ constructor', undefined],
    [['de'], undefined],
    [undefined, undefined],
  ])('%j gives %j', (value, language) => expect(fromUiLocales(value)).toBe(language))
})

describe('Accept-Language (RFC 9110 §12.5.4)', () => {
  test.each([
    ['de', 'de'],
    ['en; q=0.7, de', 'de'],
    ['en;q=0.7,de;q=0.8', 'de'],
    ['fr-CH, fr;q=0.9, en;q=0.8, de;q=0.7, *;q=0.5', 'fr'],
    ['nl, sv;q=0.9, ar-EG;q=0.2', 'ar'],
    ['de;q=0, en;q=0.1', 'en'],
    ['de;q=0', undefined],
    ['*', undefined],
    ['en;q=2, de;q=0.1', 'de'],
    ['en;q=, de;q=0.1', 'de'],
    ['en;q=1e-9, de;q=0.1', 'de'],
    ['en;q=-1;q=1, de;q=0.1', 'de'],
    ['en;level=1;q=0.1, de;q=0.2', 'de'],
    ['pt;q=0.5, es;q=0.5', 'pt'],
    [';;;,,,==;q', undefined],
    ['<script>, ja', 'ja'],
    ['', undefined],
    [undefined, undefined],
  ])('%j gives %j', (header, language) => expect(fromAccept(header)).toBe(language))

  test.each([`${'x,'.repeat(5000)}de`, 'de-'.repeat(4000), 'en;q=0.1;'.repeat(1200), 'é'.repeat(10_000)])(
    'a header of ten kilobytes is answered at once',
    (header) => {
      const times = Array.from({ length: 5 }, () => {
        const before = performance.now()
        fromAccept(header)
        return performance.now() - before
      })
      // The quickest: a busy machine may stop any of them for longer.
      expect(Math.min(...times)).toBeLessThan(20)
    },
  )
})
