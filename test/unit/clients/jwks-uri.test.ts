import { expect, test } from '@jest/globals'
import { checkMetadata } from '../../../src/clients/metadata.ts'

const withKeysAt = (uri: string) =>
  checkMetadata({
    redirect_uris: ['https://rp.example/cb'],
    token_endpoint_auth_method: 'private_key_jwt',
    jwks_uri: uri,
  }).ok

test.each([
  'http://rp.example/jwks',
  'http://localhost.rp.example/jwks',
  'http://127.0.0.1.rp.example/jwks',
  'HTTP://rp.example/jwks',
])(
  'keys are not fetched over plain http, where anyone on the way could become the client: %s (CA-06)',
  (uri) => expect(withKeysAt(uri)).toBe(false),
)

test.each(['https://rp.example/jwks', 'http://127.0.0.1:8080/jwks', 'http://localhost/jwks'])(
  'keys may lie at %s (CA-06)',
  (uri) => expect(withKeysAt(uri)).toBe(true),
)
