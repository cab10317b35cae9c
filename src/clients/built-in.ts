import { isDeepStrictEqual } from 'node:util'
import type { Db, Prisma } from '../db/index.ts'
import { ADMIN_API, ADMIN_SCOPES, adminScopeWords } from './admin-api.ts'
import { DEVICE_GRANT } from './metadata.ts'
import { SIGNALS_API, signalsScopeWords } from './signals-api.ts'

/** The command line as an OAuth client: public, native, loopback redirects (RFC 8252 section 7.3). */
export const COMMAND_LINE = 'cardea-cli'

/** The account pages as an OAuth client: how somebody who is not signed in, or not lately, is sent to sign in and comes back. */
export const ACCOUNT_PAGES = 'cardea-account'

/** Where the engine sends the browser back to them. */
export const ACCOUNT_CALLBACK = '/account/signed-in'

/** Admin tokens are short: whoever has one must come back for the next. */
const ADMIN_TOKEN_SECONDS = 300

/** The digest of no secret that anybody knows or could find: the client can begin sign-ins, and nobody gets a token as it. */
const NOBODYS_SECRET = Buffer.alloc(32).toString('base64url')

/** CAEP Interoperability Profile 1.0 section 2.7.1: at most an hour. */
const SIGNALS_TOKEN_SECONDS = 600

const adminApi = {
  name: 'Cardea administration',
  scopes: ADMIN_SCOPES.map((name) => ({ name, description: adminScopeWords[name], optional: false })),
  accessTokenTtl: ADMIN_TOKEN_SECONDS,
  builtIn: true,
}

const signalsApi = {
  name: 'Cardea security events',
  scopes: Object.entries(signalsScopeWords).map(([name, description]) => ({
    name,
    description,
    optional: false,
  })),
  accessTokenTtl: SIGNALS_TOKEN_SECONDS,
  builtIn: true,
}

const commandLine = {
  name: 'Cardea command line',
  secretDigest: null,
  metadata: {
    redirect_uris: ['http://127.0.0.1/callback'],
    post_logout_redirect_uris: [],
    grant_types: ['authorization_code', 'refresh_token', DEVICE_GRANT],
    token_endpoint_auth_method: 'none',
    application_type: 'native',
    scope: ['openid', ...ADMIN_SCOPES].join(' '),
  },
}

const accountPages = (issuer: string) => ({
  name: 'Your account',
  secretDigest: NOBODYS_SECRET,
  metadata: {
    redirect_uris: [`${issuer}${ACCOUNT_CALLBACK}`],
    post_logout_redirect_uris: [],
    grant_types: ['authorization_code'],
    token_endpoint_auth_method: 'client_secret_basic',
    application_type: 'web',
    client_uri: `${issuer}/account`,
    scope: 'openid',
  },
})

/**
 * Sees to it that what belongs to Cardea itself is registered as this version knows it, with no fewer scopes than it has: its APIs as resource servers, the command line and the account pages as clients. Run at each start; changes nothing that is as it should be.
 */
export async function ensureBuiltIn(db: Db, { issuer }: { issuer: string }): Promise<void> {
  await ensureApi(db, ADMIN_API, adminApi)
  await ensureApi(db, SIGNALS_API, signalsApi)
  await ensureClient(db, COMMAND_LINE, commandLine)
  await ensureClient(db, ACCOUNT_PAGES, accountPages(issuer))
}

async function ensureApi(
  db: Db,
  identifier: string,
  api: typeof adminApi | typeof signalsApi,
): Promise<void> {
  const where = { identifier }
  const row = await db.resourceServer.findUnique({ where })
  // Never fewer: an instance of the version before, started again in an update, must not take what this one knows from its operators.
  const update = {
    ...api,
    scopes: withMissing(row?.builtIn ? (row.scopes as Scope[]) : [], api.scopes),
  }
  if (isAs(row, update)) return
  await db.resourceServer.upsert({ where, create: { identifier, ...api }, update })
}

type Scope = { name: string; description: string; optional: boolean }

/** These scopes, where they are, in the words of this version; and those of it that were missing. */
function withMissing(these: readonly Scope[], known: readonly Scope[]): Scope[] {
  const words = new Map(known.map((scope) => [scope.name, scope]))
  const missing = known.filter(({ name }) => !these.some((scope) => scope.name === name))
  return [...these.map((scope) => words.get(scope.name) ?? scope), ...missing]
}

async function ensureClient(
  db: Db,
  id: string,
  known: { name: string; secretDigest: string | null; metadata: Record<string, unknown> },
): Promise<void> {
  const row = await db.client.findUnique({ where: { id } })
  const had = row?.builtIn ? (row.metadata as { scope?: unknown }).scope : undefined
  const scopes = [
    ...(typeof had === 'string' ? had.split(' ') : []),
    ...String(known.metadata['scope']).split(' '),
  ]
  const metadata = { ...known.metadata, scope: [...new Set(scopes)].join(' ') }
  const client = { ...known, metadata, firstParty: true, builtIn: true }
  if (isAs(row, client)) return
  const data = { ...client, metadata: client.metadata as Prisma.InputJsonObject }
  await db.client.upsert({
    where: { id },
    // Left out, Prisma would fill in our clock; and nobody had this id before.
    create: { id, tokensNotBefore: null, ...data },
    update: data,
  })
}

/** Is the row there, with all of these values? */
function isAs(row: Record<string, unknown> | null, values: Record<string, unknown>): boolean {
  return row !== null && Object.entries(values).every(([name, value]) => isDeepStrictEqual(row[name], value))
}
