import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { redirectUriProblem } from '../../../src/clients/redirect-uri.ts'
import { someUri } from '../../support/client-metadata.ts'

const web = (uri: string) => redirectUriProblem(uri, 'web')
const native = (uri: string) => redirectUriProblem(uri, 'native')

describe('a redirect URI of a web client', () => {
  test.each([
    'https://rp.example/cb',
    'https://rp.example',
    'https://rp.example/',
    'https://rp.example:8443/cb?tenant=1&x=%20',
    'https://xn--bcher-kva.example/cb',
    'http://localhost/cb',
    'http://localhost:3100/callback',
    'http://127.0.0.1:8080/cb',
    'http://[::1]/cb',
  ])('may be %s (AZ-01)', (uri) => expect(web(uri)).toBeNull())

  test.each([
    ['javascript:alert(1)', 'never allowed'],
    ['JaVaScRiPt:alert(1)', 'never allowed'],
    ['java%73cript:alert(1)', 'absolute'],
    ['data:text/html,x', 'never allowed'],
    ['DATA:text/html;base64,eA', 'never allowed'],
    ['vbscript:x', 'never allowed'],
    ['VBScript:x', 'never allowed'],
    ['file:///etc/passwd', 'never allowed'],
    ['blob:https://rp.example/x', 'never allowed'],
    ['about:blank', 'never allowed'],
    ['ws://rp.example/', 'never allowed'],
    ['ftp://rp.example/', 'never allowed'],
    ['http://rp.example/cb', 'loopback'],
    ['http://localhost.rp.example/cb', 'loopback'],
    ['http://127.0.0.1.rp.example/cb', 'loopback'],
    ['http://10.0.0.1/cb', 'loopback'],
    ['http://0.0.0.0/cb', 'loopback'],
    ['com.example.app:/cb', 'native clients only'],
    ['urn:ietf:wg:oauth:2.0:oob', 'native clients only'],
  ])('may not be %s, because of its scheme (AZ-03, RFC 9700 §2.6, CVE-2026-9086)', (uri, why) => {
    expect(web(uri)).toContain(why)
  })

  test.each([
    '',
    'cb',
    '/cb',
    '//rp.example/cb',
    'https://',
    'https://rp.example/cb#f',
    'https://rp.example/cb#',
    'https://*.rp.example/cb',
    'https://rp.example/*',
    'https://rp.example/<x>',
    'https://rp.example/"',
    'https://rp.example\\cb',
    'https:\\\\rp.example',
    'https://user@rp.example/cb',
    'https://user:pw@rp.example/cb',
    'https://:@rp.example/cb',
    'https://@rp.example/cb',
    'https://rp.example@evil.example/cb',
    'https://rp.example/../cb',
    'https://rp.example/a/../cb',
    'https://rp.example/a/..;/cb',
    'https://rp.example/./cb',
    'https://rp.example/%2e%2e/cb',
    'https://rp.example/%2E/cb',
    'https://rp.example/.%2e/cb',
    'https://rp.example/a/..',
    'https://rp.example/%zz',
    'https://rp.example/%',
    'https://rp.example/%00',
    'https://rp.example/c b',
    'https://rp.example/c\tb',
    'https://rp.example/cb\r\n',
    ' https://rp.example/cb',
    'https://rp.example/cb ',
    'https://rp.exämple/cb',
    'https://rp.example/ü',
    'https://rp。example/cb',
    'HTTPS://rp.example/cb',
    'https://RP.example/cb',
    'https:rp.example/cb',
    'https:/rp.example/cb',
    'https:///rp.example/cb',
    'https://rp.example:443/cb',
    'https://rp.example:0443/cb',
    'https://rp.example:/cb',
    'https://0x7f.1/cb',
    'https://127.1/cb',
    'https://rp.exa%6dple/cb',
    'https://rp.example:99999/cb',
  ])('may not be %j (AZ-01, AZ-03, RFC 9700 §2.1)', (uri) => expect(web(uri)).toEqual(expect.any(String)))
})

describe('a redirect URI of a native client', () => {
  test.each([
    'com.example.app:/cb',
    'com.example.app://cb',
    'com.example.app:cb',
    'http://127.0.0.1/cb',
    'http://[::1]:0/cb',
    'http://localhost/cb',
    'https://app.example/cb',
  ])('may be %s (AZ-02, RFC 8252 §7)', (uri) => expect(native(uri)).toBeNull())

  test.each([
    'myapp:/cb',
    'myapp://cb',
    'urn:x:y',
    'mailto:a@b.example',
    'tel:1',
    'intent://x',
    'javascript://com.example/%0aalert(1)',
    'https://localhost/cb',
    'https://127.0.0.1/cb',
    'https://[::1]/cb',
    'http://app.example/cb',
    'com.example.app:/cb#f',
    'com.example.app:/../cb',
    'com.example.app:/*',
  ])('may not be %s (AZ-03, RFC 8252 §7.1, §8.4)', (uri) => expect(native(uri)).toEqual(expect.any(String)))
})

test('whatever is accepted is read by every parser as what it looks like (AZ-01, AZ-03)', () => {
  let accepted = 0
  fc.assert(
    fc.property(
      fc.oneof(
        someUri,
        fc.webUrl({ withQueryParameters: true, withFragments: true, validSchemes: ['https', 'http'] }),
      ),
      (uri) => {
        if (web(uri) !== null) return
        accepted += 1
        const url = new URL(uri)
        expect(['https:', 'http:']).toContain(url.protocol)
        const [base = ''] = uri.split('?')
        if (url.protocol === 'http:') expect(['localhost', '127.0.0.1', '[::1]']).toContain(url.hostname)
        else expect([base, `${base}/`]).toContain(url.origin + url.pathname)
        expect([url.hash, url.username, url.password]).toEqual(['', '', ''])
        expect(uri).not.toMatch(/[\s#*\\]|\/\.\.?(\/|$)/)
      },
    ),
    { numRuns: 3000 },
  )
  expect(accepted).toBeGreaterThan(100)
})
