import type { Provider } from 'oidc-provider'
import { findResourceServer } from '../clients/index.ts'
import type { Db, Prisma, Tx } from '../db/index.ts'
import { approvedScopes, decisionSchema, nothingDecided } from './consent.ts'
import type { Asked, Decision } from './consent.ts'
import { apply } from './existing-grant.ts'
import type { Interaction } from './interactions.ts'
import { livingGrant } from './store/reads.ts'
import { statementFor } from './store/statements.ts'
import { grantRow } from './store/rows.ts'

/** What a client asks for, for the consent page: every scope with whether it is new since the user last decided. */
export type AskedForConsent = {
  asked: Asked
  earlier: Decision
  isNew: (scope: string, resource?: string) => boolean
}

/** Everything this request asks of the user, in the engine's reading of it, beside what they decided before. */
export async function askedOf(
  db: Db,
  { params, clientId }: Interaction,
  userId: string,
): Promise<AskedForConsent> {
  const row = await db.consent.findUnique({ where: { userId_clientId: { userId, clientId } } })
  const earlier = row ? decisionSchema.parse(row.decision) : nothingDecided
  const requested = textOf(params['scope']).split(' ').filter(Boolean)
  const asked: Asked = {
    openid: requested.filter((scope) => openidScopes.has(scope)),
    claims: claimsIn(params['claims']),
    resources: {},
  }
  for (const identifier of [params['resource'] ?? []].flat().map(String)) {
    const server = await findResourceServer(db, identifier)
    const scopes = server?.scopes.filter(({ name }) => requested.includes(name)) ?? []
    if (scopes.length > 0)
      asked.resources[identifier] = scopes.map(({ name, optional }) => ({ name, optional }))
  }
  const isNew = (scope: string, resource?: string) =>
    !(
      resource === undefined
        ? [...earlier.granted.openid, ...earlier.rejected.openid]
        : [...(earlier.granted.resources[resource] ?? []), ...(earlier.rejected.resources[resource] ?? [])]
    ).includes(scope)
  return { asked, earlier, isNew }
}

const openidScopes = new Set(['openid', 'offline_access', 'profile', 'email'])

/** Individual claims asked for through the `claims` parameter (OIDC Core section 5.5); about the sign-in itself nobody is asked. */
function claimsIn(claims: unknown): string[] {
  if (typeof claims !== 'string') return []
  const { userinfo, id_token: idToken } = JSON.parse(claims) as {
    userinfo?: object | null
    id_token?: object | null
  }
  const names = [...Object.keys(userinfo ?? {}), ...Object.keys(idToken ?? {})]
  return [...new Set(names)].filter((name) =>
    ['name', 'updated_at', 'email', 'email_verified'].includes(name),
  )
}

/**
 * Saves what the user allowed: remembered for the next sign-in, and put on the grant of this one. Returns the grant's id for
 * the engine. Only what was asked can be granted, whatever the form says.
 */
export async function saveConsent(
  { provider, tx }: { provider: Provider; tx: Tx },
  interaction: Interaction,
  userId: string,
  ticked: { openid: readonly string[]; resources: readonly string[] },
): Promise<{ grantId: string; decision: Decision }> {
  const { clientId } = interaction
  const { asked, earlier } = await askedOf(tx, interaction, userId)
  const decision = approvedScopes(asked, ticked, earlier)
  const stored = { decision: decision as Prisma.InputJsonObject }
  await tx.consent.upsert({
    where: { userId_clientId: { userId, clientId } },
    create: { userId, clientId, ...stored },
    update: stored,
  })
  const grantId = await saveGrant(provider, tx, {
    ...{ userId, clientId, decision },
    existing: interaction.grantId,
    since: interaction.issuedAt,
  })
  return { grantId, decision }
}

/**
 * Forgets what everybody decided about a client that is gone (whoever is registered under its id next must ask anew), or what a user
 * who is gone decided. Returns how many decisions that were.
 */
export async function forgetConsents(tx: Tx, of: { clientId: string } | { userId: string }): Promise<number> {
  const { count } = await tx.consent.deleteMany({ where: of })
  if ('userId' in of) await tx.cutoff.deleteMany({ where: of })
  return count
}

async function saveGrant(
  provider: Provider,
  tx: Tx,
  input: { userId: string; clientId: string; decision: Decision; existing: string | null; since: Date },
): Promise<string> {
  const own = input.existing === null ? null : await ownGrant(tx, input.existing, input)
  const grant = new provider.Grant({ accountId: input.userId, clientId: input.clientId })
  apply(grant, input.decision)
  const expiresIn = grant.expiration
  // Not in the published types: what the engine itself calls when it saves.
  const engine = grant as unknown as {
    generateTokenId(): string
    jti: string
    exp: number
    getValueAndPayload(): Promise<{ payload: Record<string, unknown> }>
  }
  const id = own?.id ?? engine.generateTokenId()
  Object.assign(engine, { jti: id, exp: Math.floor(Date.now() / 1000) + expiresIn })
  const { payload } = await engine.getValueAndPayload()
  const row = grantRow(id, payload, expiresIn, input.since)
  const { text, values } = statementFor({ do: 'save_grant', row })
  await tx.$executeRawUnsafe(
    text.replace('$2,', '$2::uuid,').replace('$4,', '$4::jsonb,').replace('$5,', '$5::timestamptz,'),
    ...values,
  )
  return id
}

/** The session's grant for this user and client, unless it was revoked or cut meanwhile: then a new one is made. */
async function ownGrant(
  tx: Tx,
  id: string,
  { userId, clientId }: { userId: string; clientId: string },
): Promise<{ id: string } | undefined> {
  const rows = await tx.$queryRawUnsafe<{ id: string; userId: string | null; clientId: string }[]>(
    livingGrant('g.id, g.user_id AS "userId", g.client_id AS "clientId"'),
    id,
  )
  return rows.find((row) => row.userId === userId && row.clientId === clientId)
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
