import { auditRoutes } from './audit/index.ts'
import { blockRoutes } from './blocks/index.ts'
import { clientRoutes } from './clients/index.ts'
import type { Route } from './frame/route.ts'
import { patternsOf } from './frame/router.ts'
import { grantRoutes } from './grants/index.ts'
import { jobRoutes } from './jobs/index.ts'
import { mailRoutes } from './mails/index.ts'
import { resourceServerRoutes } from './resource-servers/index.ts'
import { revocationRoutes } from './revocations/index.ts'
import { scopeWordRoutes } from './scope-words/index.ts'
import { sessionRoutes } from './sessions/index.ts'
import { signingKeyRoutes } from './signing-keys/index.ts'
import { statisticsRoutes } from './statistics/index.ts'
import { streamRoutes } from './streams/index.ts'
import { themeRoutes } from './themes/index.ts'
import { tokenRoutes } from './tokens/index.ts'
import { userRoutes } from './users/index.ts'
import { webhookRoutes } from './webhooks/index.ts'

/** Every route of the admin API, in the order of its documents. What is not in here does not exist. */
export const adminRoutes: readonly Route[] = [
  ...userRoutes,
  ...clientRoutes,
  ...resourceServerRoutes,
  ...scopeWordRoutes,
  ...themeRoutes,
  ...grantRoutes,
  ...sessionRoutes,
  ...tokenRoutes,
  ...revocationRoutes,
  ...blockRoutes,
  ...streamRoutes,
  ...signingKeyRoutes,
  ...jobRoutes,
  ...mailRoutes,
  ...webhookRoutes,
  ...statisticsRoutes,
  ...auditRoutes,
]

/** What the documents say about each group of routes. */
export const tags: Record<string, string> = {
  Users: 'Who can sign in, and with what',
  Clients: 'Apps and machines that ask for tokens',
  'Resource servers': 'APIs that accept our tokens, and their scopes',
  'Scope words': 'What people read about scopes of OpenID and claims',
  Themes: 'How pages look, for everybody and for single clients',
  Grants: 'What users allowed which client',
  Sessions: 'Sign-ins of browsers',
  Tokens: 'Known by their handles; a value is only ever taken in',
  Revocations: 'Ending access, and the receipts of it',
  Blocks: 'Who has to wait for too many failures',
  Streams: 'Shared signals: who hears of security events, and how far they are',
  'Signing keys': 'Their public parts, and their change',
  Jobs: 'Work that must happen, and not at once',
  Mails: 'Who was written to, and what could not be sent',
  Webhooks: 'Who outside is told what happens, and how that went',
  Audit: 'What happened, by whom',
  Statistics: 'How much of everything',
}

/** The labels of requests in logs and metrics. */
export const adminPatterns = [
  ...patternsOf(adminRoutes),
  '/v1/openapi.json',
  '/docs',
  '/.well-known/oauth-protected-resource',
]
