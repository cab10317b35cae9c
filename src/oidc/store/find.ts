import { Provider } from 'oidc-provider'
import type { AdapterPayload } from 'oidc-provider'
import { engineClient } from '../engine-client.ts'
import { authorizingClient, presentedSecret, requestedResource } from './asked-for.ts'
import { readCaller, readClient } from './client-reads.ts'
import { deviceCodeName, tokenDigest } from './device-codes.ts'
import * as reads from './reads.ts'
import type { StoredToken } from './reads.ts'
import { idDigest, interactionPayload, isReadable, JWT_KIND, withExpiry } from './rows.ts'
import { noteRead } from './unit-of-work.ts'
import type { UnitOfWork } from './unit-of-work.ts'
import type { StoreOptions } from './store-options.ts'

export type Look = { model: string; options: StoreOptions; work: () => UnitOfWork | undefined }
type Found = Promise<AdapterPayload | undefined>

/** Finds what the engine knows by its id: from the request's unit of work, else from the database. */
export async function byId(look: Look, id: string): Found {
  // Ids are our own random strings or client_ids; what PostgreSQL cannot even compare is not there.
  if (!isReadable(id)) return undefined
  const { model } = look
  if (model === 'Client') return client(look, id)
  if (model === 'Session') return session(look, id)
  if (model === 'Grant') return grant(look, id)
  if (model === 'Interaction') {
    const row = await reads.readInteraction(look.options.pool, idDigest(id))
    // What comes of a sign-in is as old as the sign-in.
    noteRead(look.work(), row?.issuedAt)
    return row ? interactionPayload(id, withExpiry(row.payload, row.expiresAt)) : undefined
  }
  // The insert decides whether a one-time value was seen; asking first would only be a race.
  if (model === 'ReplayDetection') return undefined
  return token(look, id)
}

/** A session by its stable uid: asked for each session-bound token. Other models by their second name. */
export async function byUid({ model, options, work }: Look, uid: string): Found {
  if (model !== 'Session') return tokenBy(options, 'uid', uid, model)
  const known = work()?.sessionsByUid.get(uid)
  const found = known === undefined ? (await reads.readSession(options.pool, 'uid', uid)).session : known
  noteRead(work(), found?.readAt)
  work()?.sessionsByUid.set(uid, found)
  return found ? withExpiry(found.payload, found.expiresAt) : undefined
}

/** A device code by what a person typed: each look is counted as a guess, until it turns out to be none. */
export async function byUserCode({ model, options }: Look, userCode: string): Found {
  if (!isReadable(userCode)) return undefined
  return options.countGuess(Provider.ctx, async () => {
    const found = await reads.readToken(options.pool, 'user_code', userCode, model)
    return found ? { ...engineToken(found), jti: deviceCodeName(found.digest) } : undefined
  })
}

/** The uid of the session whose cookie value this is. */
export async function sessionUid(look: Look, id: string): Promise<string | undefined> {
  return (await session(look, id))?.uid
}

async function client(look: Look, id: string): Found {
  look.options.checkClient(Provider.ctx, id)
  const current = look.work()
  if (current && !current.clients.has(id)) await fillClient(look, current, id)
  const row = current ? current.clients.get(id) : await readClient(look.options.pool, id)
  noteRead(current, row?.readAt)
  return row ? engineClient(row) : undefined
}

/** The client, together with what the request will ask for next. */
async function fillClient(look: Look, work: UnitOfWork, id: string): Promise<void> {
  const { pool } = look.options
  const secret = work.prefetched ? undefined : presentedSecret(Provider.ctx)
  if (secret !== undefined) return fill(look, work, secret, id)
  const resource = requestedResource(Provider.ctx)
  if (resource === undefined) {
    work.clients.set(id, await readClient(pool, id))
    return
  }
  const found = await readCaller(pool, id, resource)
  work.clients.set(id, found.client)
  work.apis.set(resource, found.api)
}

async function session({ options, work }: Look, id: string): Found {
  const digest = idDigest(id)
  const key = digest.toString('base64url')
  const current = work()
  let found = current?.sessionsByDigest.get(key)
  if (found === undefined) {
    const clientId = authorizingClient(Provider.ctx)
    const row =
      current && clientId !== undefined
        ? await fillBrowser(options, current, digest, clientId)
        : await reads.readSession(options.pool, 'digest', digest)
    found = row.session
    noteRead(current, found?.readAt)
    current?.sessionsByDigest.set(key, found)
    if (found && current) current.sessionsByUid.set(found.uid, found)
    if (found?.payload.accountId) current?.users.set(found.payload.accountId, row.user)
  }
  // A copy: the engine changes what it gets, and what was read must stay to tell whether it did.
  return found ? { ...structuredClone(withExpiry(found.payload, found.expiresAt)), jti: id } : undefined
}

/** A browser at the authorization endpoint: its session, and with it the client and the grant that will be asked for next. */
async function fillBrowser({ pool }: StoreOptions, work: UnitOfWork, digest: Buffer, clientId: string) {
  const row = await reads.readBrowser(pool, digest, clientId)
  work.clients.set(clientId, row.client)
  work.signInAfter = row.signInAfter
  const grantId = row.session?.payload.authorizations?.[clientId]?.grantId
  if (grantId) work.grants.set(grantId, row.grant)
  return row
}

async function grant({ options, work }: Look, id: string): Found {
  const current = work()
  let found = current?.grants.get(id)
  if (found === undefined) {
    found = await reads.readGrant(options.pool, id)
    current?.grants.set(id, found)
  }
  return found ? withExpiry({ ...found.payload, jti: id }, found.expiresAt) : undefined
}

async function token(look: Look, id: string): Found {
  const digest = tokenDigest(look.model, id)
  const current = look.work()
  if (!current) return tokenBy(look.options, 'digest', digest, look.model, id)
  const key = `${look.model}:${digest.toString('base64url')}`
  if (!current.tokens.has(key) && !current.prefetched && look.model === 'AccessToken')
    await fill(look, current, id, null)
  if (!current.tokens.has(key))
    current.tokens.set(key, await reads.readToken(look.options.pool, 'digest', digest, look.model))
  const found = current.tokens.get(key)
  if (!found || isOver(found) || isLeftBehind(current, found)) return undefined
  return mayRetry(look, found) ? { ...retrying(current, found), jti: id } : { ...engineToken(found), jti: id }
}

/** One joined read brings the secret presented, its grant, session, user and clients, for the whole request. */
async function fill(
  { options }: Look,
  work: UnitOfWork,
  secret: string,
  clientId: string | null,
): Promise<void> {
  const digest = idDigest(secret)
  const found = await reads.prefetch(options.pool, digest, clientId)
  work.prefetched = true
  noteRead(work, found.readAt)
  work.audienceClientId = found.audienceClientId
  if (clientId !== null) work.clients.set(clientId, found.caller)
  const key = digest.toString('base64url')
  for (const kind of presentable)
    work.tokens.set(`${kind}:${key}`, found.tokens.find((row) => row.kind === kind) ?? null)
  const payload = found.tokens[0]?.payload
  if (payload?.grantId) work.grants.set(payload.grantId, found.grant)
  if (payload?.sessionUid) work.sessionsByUid.set(payload.sessionUid, found.session)
  if (payload?.accountId) work.users.set(payload.accountId, found.user)
  if (payload?.clientId && payload.clientId !== clientId) work.clients.set(payload.clientId, found.owner)
}

const presentable = [
  'AccessToken',
  'RefreshToken',
  'ClientCredentials',
  'AuthorizationCode',
  'DeviceCode',
  JWT_KIND,
]

async function tokenBy(
  options: StoreOptions,
  by: 'digest' | 'uid',
  value: Buffer | string,
  model: string,
  id?: string,
): Found {
  const found = await reads.readToken(options.pool, by, value, model)
  if (!found || isOver(found)) return undefined
  return { ...engineToken(found), ...(id === undefined ? {} : { jti: id }) }
}

function engineToken(row: StoredToken): AdapterPayload {
  const payload = withExpiry(row.payload, row.expiresAt)
  return row.consumedAt ? { ...payload, consumed: Math.floor(row.consumedAt.getTime() / 1000) } : payload
}

/** The engine's tolerance is for other people's clocks; our own access tokens end on time, at every door alike (UI-01). */
function isOver({ kind, expiresAt }: StoredToken): boolean {
  return (
    (kind === 'AccessToken' || kind === 'ClientCredentials') && expiresAt !== null && +expiresAt <= Date.now()
  )
}

/**
 * A code is as good as the sign-in it came from (CO-09), even one for offline access, whose tokens outlive the session once they
 * exist. A spent code stays known, so that its replay is seen as one.
 */
function isLeftBehind({ sessionsByUid }: UnitOfWork, { kind, payload, consumedAt }: StoredToken): boolean {
  if (kind !== 'AuthorizationCode' || consumedAt !== null || payload.sessionUid === undefined) return false
  return sessionsByUid.get(payload.sessionUid) === null
}

/** A rotated refresh token at the token endpoint, inside its window, whose successor is kept: a retry, not a theft. */
function mayRetry({ model, options }: Look, row: StoredToken): boolean {
  return (
    model === 'RefreshToken' &&
    row.successor !== null &&
    (row.consumedForSeconds ?? Infinity) < options.refreshRetryWindowSeconds &&
    Provider.ctx?.oidc.route === 'token'
  )
}

function retrying(work: UnitOfWork, row: StoredToken): AdapterPayload {
  work.retried = row
  return withExpiry(row.payload, row.expiresAt)
}
