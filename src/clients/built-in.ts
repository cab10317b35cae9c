import type { Db, Prisma } from '../db/index.ts'
import { ADMIN_API, ADMIN_SCOPES, adminScopeWords } from './admin-api.ts'
import { DEVICE_GRANT } from './metadata.ts'

/** The command line as an OAuth client: public, native, loopback redirects (RFC 8252 section 7.3). */
export const COMMAND_LINE = 'cardea-cli'

/** Admin tokens are short: whoever has one must come back for the next. */
const ADMIN_TOKEN_SECONDS = 300

const metadata = {
  redirect_uris: ['http://127.0.0.1/callback'],
  post_logout_redirect_uris: [],
  grant_types: ['authorization_code', 'refresh_token', DEVICE_GRANT],
  token_endpoint_auth_method: 'none',
  application_type: 'native',
  scope: ['openid', ...ADMIN_SCOPES].join(' '),
}

/**
 * Sees to it that what belongs to Cardea itself is registered as this version knows it: the admin API as a resource server, and
 * the command line as a client. Run at each start; changes nothing that is as it should be.
 */
export async function ensureBuiltIn(db: Db): Promise<void> {
  const api = {
    name: 'Cardea administration',
    scopes: ADMIN_SCOPES.map((name) => ({ name, description: adminScopeWords[name], optional: false })),
    accessTokenTtl: ADMIN_TOKEN_SECONDS,
    builtIn: true,
  }
  await db.resourceServer.upsert({
    where: { identifier: ADMIN_API },
    create: { identifier: ADMIN_API, ...api },
    update: api,
  })
  const client = {
    name: 'Cardea command line',
    metadata: metadata as Prisma.InputJsonObject,
    firstParty: true,
    builtIn: true,
  }
  await db.client.upsert({
    where: { id: COMMAND_LINE },
    // Left out, Prisma would fill in our clock; and nobody had this id before.
    create: { id: COMMAND_LINE, tokensNotBefore: null, ...client },
    update: client,
  })
}
