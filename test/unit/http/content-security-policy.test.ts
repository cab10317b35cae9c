import { describe, expect, test } from '@jest/globals'
import { formActionSource, pagePolicy } from '../../../src/http/index.ts'

describe('the source a form may lead to', () => {
  test.each([
    ['https://rp.example/cb?x=1', 'https://rp.example'],
    ['https://rp.example:8443/cb', 'https://rp.example:8443'],
    ['http://127.0.0.1:51234/cb', 'http://127.0.0.1:51234'],
    ['http://[::1]:51234/cb', 'http:'],
    ['com.example.app:/cb', 'com.example.app:'],
    ['https://bücher.example/cb', 'https://xn--bcher-kva.example'],
  ])('for %s is %s', (uri, source) => {
    expect(formActionSource(uri)).toBe(source)
  })

  test.each(['', 'not a url', "https://a;script-src'unsafe-inline'.example/", 'https://a,b.example/'])(
    'is never made from %j, which could begin another directive (XS-01)',
    (uri) => {
      expect(formActionSource(uri)).toBeUndefined()
    },
  )
})

describe('the policy of a page (HT-02, AZ-12)', () => {
  test('holds no unsafe source and forbids framing, scripts and base', () => {
    expect(pagePolicy(['https://rp.example'])).toBe(
      "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self' https://rp.example; frame-ancestors 'none'; base-uri 'none'",
    )
  })

  test('drops whatever is no plain source', () => {
    expect(pagePolicy(["https://x; script-src 'unsafe-inline'", '*', 'https:', "'unsafe-inline'"])).toContain(
      "form-action 'self' https:;",
    )
  })
})
