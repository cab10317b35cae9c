import { describe, expect, test } from '@jest/globals'
import { deviceWords, isHandheld } from '../../../src/account/signed-in/device.ts'
import { translate } from '../../../src/language/index.ts'

const said = (userAgent: string | null) => translate('en', deviceWords(userAgent))

describe('the name of a device', () => {
  test.each([
    ['Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', 'Firefox on Linux', false],
    [
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1',
      'Safari on iOS',
      true,
    ],
    [
      'Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36',
      'Chrome on Android',
      true,
    ],
    ['', 'Unknown device', false],
    [null, 'Unknown device', false],
  ])('is what people call it: %j', (userAgent, words, handheld) => {
    expect([said(userAgent), isHandheld(userAgent)]).toEqual([words, handheld])
  })

  test('stays short and quick, whatever a browser says it is (XS-01)', () => {
    const hostile = [
      'x'.repeat(100_000),
      `${'('.repeat(5000)}Firefox/1`,
      '{{name}}/1.0',
      'a/1 '.repeat(20_000),
    ]
    const began = performance.now()
    for (const userAgent of hostile) expect(said(userAgent).length).toBeLessThan(100)
    expect(performance.now() - began).toBeLessThan(500)
  })
})
