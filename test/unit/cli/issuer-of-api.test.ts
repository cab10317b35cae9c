import { describe, expect, test } from '@jest/globals'
import { trustIssuer } from '../../../src/cli/remote/issuer-of-api.ts'

const issuer = 'https://id.example.com'

describe('the issuer that an API names (RFC 9728 §7)', () => {
  test.each([
    ['an API on this machine', 'http://127.0.0.1:3001', undefined],
    ['an API on this machine by its name', 'http://localhost:3001', undefined],
    ["an API on the issuer's host", 'https://id.example.com:8443', undefined],
    ['an API elsewhere, when the person names the issuer', 'https://ops.example.net', issuer],
  ])('is believed of %s', (_, api, named) => {
    expect(() => trustIssuer({ api, issuer }, named)).not.toThrow()
  })

  test.each([
    ['an API elsewhere', 'https://evil.example', undefined],
    ['a name below the issuer', 'https://ops.id.example.com', undefined],
    ['the name above the issuer', 'https://example.com', undefined],
    ['a name that begins like loopback', 'https://127.0.0.1.evil.example', undefined],
    ['an API elsewhere, when the person names another', 'https://evil.example', 'https://id.example.org'],
    [
      'an API on this machine, when the person names another',
      'http://127.0.0.1:3001',
      'https://id.example.org',
    ],
    [
      'an API elsewhere, when the person names only the beginning',
      'https://evil.example',
      'https://id.example',
    ],
  ])('is refused of %s, with both addresses', (_, api, named) => {
    const refused = expect.objectContaining({ reason: 'configuration' })
    const decide = () => trustIssuer({ api, issuer }, named)
    expect(decide).toThrow(refused)
    expect(decide).toThrow(api)
    expect(decide).toThrow(issuer)
  })
})
