import { describe, expect, test } from '@jest/globals'
import { checkMetadata } from '../../src/clients/index.ts'

const listFields = ['redirect_uris', 'post_logout_redirect_uris']
const fields = ['client_uri', 'policy_uri', 'tos_uri', 'logo_uri', 'initiate_login_uri', 'jwks_uri']

function isRefused(field: string, uri: string, applicationType = 'web'): boolean {
  const good = { redirect_uris: ['https://rp.example/cb'], application_type: applicationType }
  return !checkMetadata({ ...good, [field]: listFields.includes(field) ? [uri] : uri }).ok
}

/** Every way of writing a word in capital and small letters. */
function everyCase(word: string): string[] {
  return Array.from({ length: 2 ** word.length }, (_, mask) =>
    Array.from(word, (letter, at) => ((mask >> at) & 1 ? letter.toUpperCase() : letter)).join(''),
  )
}

describe('registering a client', () => {
  test.each([...listFields, ...fields])(
    'refuses a scheme that runs script in %s, in every letter case (AZ-03, CVE-2026-9086, CVE-2026-67333)',
    (field) => {
      const uris = [
        ...everyCase('javascript').map((scheme) => `${scheme}:alert(1)`),
        ...everyCase('javascript').map((scheme) => `${scheme}://rp.example/%0aalert(1)`),
        ...everyCase('data').map((scheme) => `${scheme}:text/html,<script>alert(1)</script>`),
        ...everyCase('data').map((scheme) => `${scheme}:text/html;base64,PHNjcmlwdD4`),
        ...everyCase('vbscript').map((scheme) => `${scheme}:msgbox(1)`),
      ]
      for (const type of ['web', 'native'])
        expect(uris.filter((uri) => !isRefused(field, uri, type))).toEqual([])
    },
  )

  test.each([...listFields, ...fields])(
    'refuses a script scheme behind white space or control characters in %s (AZ-03)',
    (field) => {
      const uris = [' ', '\t', '\n', '\r', '\0', '\u00a0', '\ufeff', '\u0001'].flatMap((odd) => [
        `${odd}javascript:alert(1)`,
        `java${odd}script:alert(1)`,
        `javascript${odd}:alert(1)`,
      ])
      expect(uris.filter((uri) => !isRefused(field, uri))).toEqual([])
    },
  )

  test.each(listFields)(
    'refuses http in %s except on a loopback address (AZ-03, RFC 9700 section 2.6)',
    (field) => {
      const foreign = [
        'http://rp.example/cb',
        'HTTP://rp.example/cb',
        'http://localhost.evil.com/cb',
        'http://127.0.0.1.evil.com/cb',
        'http://localhost@evil.com/cb',
        'http://127.0.0.1:80@evil.com/cb',
        'http://0.0.0.0/cb',
        'http://10.0.0.1/cb',
        'http://[::ffff:8.8.8.8]/cb',
      ]
      expect(foreign.filter((uri) => !isRefused(field, uri))).toEqual([])
      const own = ['http://127.0.0.1/cb', 'http://[::1]:8080/cb', 'http://localhost:3000/cb']
      expect(own.filter((uri) => isRefused(field, uri))).toEqual([])
    },
  )

  test.each(listFields)(
    'refuses wildcards, fragments, credentials and path tricks in %s (AZ-03, AZ-01)',
    (field) => {
      const uris = [
        'https://*.rp.example/cb',
        'https://rp.example*',
        'https://rp.example/*',
        'https://rp.example/cb#f',
        'https://user:pass@rp.example/cb',
        'https://rp.example/../cb',
        'https://rp.example/..;/cb',
        'https://rp.example/%2e%2e/cb',
        'https://rp.example/cb%00',
        'https://rp.example\\cb',
        'https://rp.exаmple/cb',
        '//rp.example/cb',
        '/cb',
        'com.example.app:/cb',
        '',
      ]
      expect(uris.filter((uri) => !isRefused(field, uri))).toEqual([])
    },
  )

  test('lets a native client alone have a private-use scheme, and only one that is a domain turned round (AZ-03, RFC 8252 section 7.1)', () => {
    expect(isRefused('redirect_uris', 'com.example.app:/cb', 'native')).toBe(false)
    for (const scheme of ['myapp', 'http', 'file', 'about', 'blob', 'intent', 'ftp', 'ws', 'chrome'])
      expect({ scheme, refused: isRefused('redirect_uris', `${scheme}://cb`, 'native') }).toEqual({
        scheme,
        refused: true,
      })
  })
})
