import type { Grant, KoaContextWithOIDC } from 'oidc-provider'
import type { Database } from '../db/index.ts'
import { decisionSchema } from './consent.ts'
import type { Decision } from './consent.ts'
import { engineError } from './errors.ts'
import { isFirstParty, isForDevice } from './login-policy.ts'

/**
 * The grant this authorization request may rest on: the session's own, else a fresh one holding what the user decided
 * about this client before, or all that is asked when the client is first-party. Always built fresh per session, so that
 * ending one session never ends another's tokens, and a scope dropped from a decision does not linger.
 */
export function createLoadExistingGrant(database: Database) {
  return async function loadExistingGrant(ctx: KoaContextWithOIDC): Promise<Grant | undefined> {
    const { client, session, account, provider, result } = ctx.oidc
    if (!client || !session || !account) return undefined
    const grantId = result?.consent?.grantId ?? session.grantIdFor(client.clientId)
    const own = grantId ? await provider.Grant.find(grantId) : undefined
    const usable = own?.accountId === account.accountId ? own : undefined
    if (usable && (covers(usable, ctx) || !isFirstParty(ctx))) return usable
    const grant = usable ?? new provider.Grant({ accountId: account.accountId, clientId: client.clientId })
    if (isFirstParty(ctx)) allowAllRequested(grant, ctx)
    else apply(grant, await remembered(database, account.accountId, client.clientId))
    if (covers(grant, ctx)) await grant.save()
    return grant
  }
}

async function remembered(database: Database, userId: string, clientId: string): Promise<Decision | null> {
  try {
    const row = await database.prisma.consent.findUnique({ where: { userId_clientId: { userId, clientId } } })
    return row && decisionSchema.parse(row.decision)
  } catch (error) {
    throw engineError(error)
  }
}

/** Puts a decision on a grant, replacing what the grant held before. */
export function apply(grant: Grant, decision: Decision | null): void {
  if (!decision) return
  const { granted, rejected } = decision
  Object.assign(grant, { openid: undefined, resources: undefined, rejected: undefined })
  if (granted.openid.length > 0) grant.addOIDCScope(granted.openid.join(' '))
  if (granted.claims.length > 0) grant.addOIDCClaims(granted.claims)
  if (rejected.openid.length > 0) grant.rejectOIDCScope(rejected.openid.join(' '))
  if (rejected.claims.length > 0) grant.rejectOIDCClaims(rejected.claims)
  for (const [identifier, scopes] of Object.entries(granted.resources))
    if (scopes.length > 0) grant.addResourceScope(identifier, scopes.join(' '))
  for (const [identifier, scopes] of Object.entries(rejected.resources))
    if (scopes.length > 0) grant.rejectResourceScope(identifier, scopes.join(' '))
}

function allowAllRequested(grant: Grant, { oidc }: KoaContextWithOIDC): void {
  grant.addOIDCScope([...oidc.requestParamOIDCScopes].join(' '))
  if (oidc.requestParamClaims.size > 0) grant.addOIDCClaims([...oidc.requestParamClaims])
  for (const [identifier, server] of Object.entries(oidc.resourceServers ?? {})) {
    const scopes = [...oidc.requestParamScopes].filter((scope) => server.scopes.has(scope))
    if (scopes.length > 0) grant.addResourceScope(identifier, scopes.join(' '))
  }
}

/** Does the grant know an answer to everything that is asked? Then it is worth a row. */
function covers(grant: Grant, ctx: KoaContextWithOIDC): boolean {
  const { oidc } = ctx
  if ((oidc.prompts.has('consent') || isForDevice(ctx)) && !oidc.result?.consent) return false
  const known = new Set(grant.getOIDCScopeEncountered().split(' '))
  const claims = new Set([
    ...grant.getOIDCClaimsEncountered(),
    'sub',
    'sid',
    'auth_time',
    'acr',
    'amr',
    'iss',
  ])
  return (
    [...oidc.requestParamOIDCScopes].every((scope) => known.has(scope)) &&
    [...oidc.requestParamClaims].every((claim) => claims.has(claim)) &&
    Object.entries(oidc.resourceServers ?? {}).every(([identifier, server]) => {
      const encountered = new Set(grant.getResourceScopeEncountered(identifier).split(' '))
      return [...oidc.requestParamScopes].every(
        (scope) => !server.scopes.has(scope) || encountered.has(scope),
      )
    })
  )
}
