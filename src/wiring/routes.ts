import { accountMethods } from '../account/index.ts'
import type { HeaderProfile } from '../http/index.ts'
import { signalMethods } from '../signals/index.ts'

const steps = [
  'login',
  'unlock-request',
  'unlock',
  'totp',
  'totp-enrol',
  'passkey',
  'passkey-enrol',
  'passkey-offer',
  'recovery-code',
  'recovery-codes',
  'select-account',
  'consent',
  'abort',
]

/** Every public address and its methods: what is not here is 404, what is here with another method is 405 (HT-04). */
export const publicMethods: Record<string, string[]> = {
  '/authorize': ['GET', 'POST'],
  '/authorize/:uid': ['GET'],
  '/device_authorization': ['POST'],
  '/device': ['GET', 'POST'],
  '/device/:uid': ['GET'],
  '/token': ['POST'],
  '/userinfo': ['GET', 'POST'],
  '/jwks': ['GET'],
  '/introspect': ['POST'],
  '/revoke': ['POST'],
  '/global-token-revocation': ['POST'],
  '/status-lists/:id': ['GET'],
  '/logout': ['GET', 'POST'],
  '/logout/confirm': ['POST'],
  '/logout/success': ['GET'],
  '/.well-known/openid-configuration': ['GET'],
  '/.well-known/oauth-authorization-server': ['GET'],
  ...signalMethods,
  '/language': ['POST'],
  '/logos/:client/:digest': ['GET'],
  '/themes/:key/:file': ['GET'],
  ...accountMethods,
  '/account/email/check': ['GET', 'POST'],
  '/account/email/confirm': ['GET', 'POST'],
  '/account/email/done': ['GET'],
  '/register': ['GET', 'POST'],
  '/register/check': ['GET', 'POST'],
  '/register/confirm': ['GET', 'POST'],
  '/register/done': ['GET'],
  '/forgot': ['GET', 'POST'],
  '/forgot/check': ['GET', 'POST'],
  '/interaction/:uid': ['GET'],
  '/interaction/:uid/start-again': ['GET'],
  ...Object.fromEntries(
    steps.map((step) => [
      `/interaction/:uid/${step}`,
      ['recovery-code', 'unlock'].includes(step) ? ['GET', 'POST'] : ['POST'],
    ]),
  ),
}

/** The labels of requests in logs and metrics. */
export const routeLabels = [
  ...Object.keys(publicMethods),
  '/health/live',
  '/health/ready',
  '/metrics',
  '/assets/:file',
]

const openData = new Set(['/device_authorization', '/token', '/userinfo', '/jwks', '/introspect', '/revoke'])

/** Which security headers an address gets. */
export function headerProfile(path: string): HeaderProfile {
  if (
    path === '/authorize' ||
    path.startsWith('/authorize/') ||
    path === '/logout' ||
    path.startsWith('/logout/')
  )
    return 'engine-page'
  if (openData.has(path) || path.startsWith('/.well-known/') || path.startsWith('/status-lists/'))
    return 'open-data'
  if (path === '/metrics' || path === '/global-token-revocation' || path.startsWith('/ssf/')) return 'data'
  if (path.startsWith('/health/') || path.startsWith('/v1/')) return 'data'
  return 'page'
}
