import { expect, test } from '@jest/globals'
import type { StoredClient } from '../../../src/clients/index.ts'
import { startAgainUri } from '../../../src/interaction/client-view.ts'

const web = { application_type: 'web', redirect_uris: ['http://localhost:3100/callback'] }
const native = { ...web, application_type: 'native' }

test.each([
  [web, 'http://localhost:3100/'],
  [{ ...web, client_uri: 'https://shop.example/hello' }, 'https://shop.example/hello'],
  [{ ...native, redirect_uris: ['https://app.example/callback'] }, 'https://app.example/'],
  [{ ...native, redirect_uris: ['com.example.app:/callback'] }, undefined],
  // Nobody listens there but while a program signs somebody in (RFC 8252 section 7.3).
  [{ ...native, redirect_uris: ['http://127.0.0.1/callback'] }, undefined],
  [{ ...native, redirect_uris: ['http://[::1]/callback'] }, undefined],
  [native, undefined],
  [{ ...native, client_uri: 'https://tool.example' }, 'https://tool.example'],
])('the way back to an app with %j is %s', (metadata, uri) => {
  expect(startAgainUri({ metadata } as StoredClient)).toBe(uri)
})
