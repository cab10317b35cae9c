import type { Provider } from 'oidc-provider'
import { findResourceServer } from '../clients/index.ts'
import type { Db, Tx } from '../db/index.ts'
import type { Language } from '../language/index.ts'
import {
  approvedScopes,
  decisionSchema,
  knownClaims,
  linesOf,
  nothingDecided,
  openidScopes,
} from './consent.ts'
import type { Asked, ConsentLine, Decision } from './consent.ts'
import { apply } from './existing-grant.ts'
import { decidedAddress } from './interactions.ts'
import type { Interaction } from './interactions.ts'
import { keepReceipt } from './receipts.ts'
import { livingGrant } from './store/reads.ts'
import { statementFor } from './store/statements.ts'
import { grantRow } from './store/rows.ts'

/** What a client asks for, for the consent page: line by line, with what the user decided before. */
export type AskedForConsent = { asked: Asked; earlier: Decision; lines: ConsentLine[] }

/** Everything this request asks of the user, in the engine's reading of it, beside what they decided before. */
export async function askedOf(
  db: Db,
  { params, clientId }: Pick<Interaction, 'params' | 'clientId'>,
  userId: string,
): Promise<AskedForConsent> {
  const row = await db.consent.findUnique({ where: { userId_clientId: { userId, clientId } } })
  const earlier = row ? decisionSchema.parse(row.decision) : nothingDecided
  const requested = textOf(params['scope']).split(' ').filter(Boolean)
  const asked: Asked = {
    openid: [...new Set(requested)].filter((scope) => openidScopes.includes(scope)),
    ...claimsIn(params['claims']),
    resources: {},
  }
  for (const identifier of [params['resource'] ?? []].flat().map(String)) {
    const server = await findResourceServer(db, identifier)
    const scopes = server?.scopes.filter(({ name }) => requested.includes(name)) ?? []
    if (scopes.length > 0)
      asked.resources[identifier] = scopes.map(({ name, optional }) => ({ name, optional }))
  }
  return { asked, earlier, lines: linesOf(asked, earlier) }
}

/**
 * Individual claims asked for through the `claims` parameter (OIDC Core section 5.5), and which of them the client calls essential;
 * about the sign-in itself nobody is asked.
 */
function claimsIn(claims: unknown): { claims: string[]; essential: string[] } {
  if (typeof claims !== 'string') return { claims: [], essential: [] }
  const { userinfo, id_token: idToken } = JSON.parse(claims) as Record<string, Record<string, unknown> | null>
  const entries = [...Object.entries(userinfo ?? {}), ...Object.entries(idToken ?? {})].filter(([name]) =>
    knownClaims.includes(name),
  )
  const isEssential = (request: unknown) => (request as { essential?: unknown } | null)?.essential === true
  const names = (of: typeof entries) => [...new Set(of.map(([name]) => name))]
  return { claims: names(entries), essential: names(entries.filter(([, request]) => isEssential(request))) }
}

type SavedConsent =
  | { ok: true; grantId: string; decision: Decision }
  | { ok: false; reason: 'gone' }
  | { ok: false; reason: 'decided'; next: string }

/**
 * Saves what the user allowed: remembered for the next sign-in, and put on the grant of this one, with a receipt in the words and the
 * language that they read. Returns the grant's id for the engine. Only what was asked can be granted, whatever the form says. Of two
 * decisions at once the second builds on the first; but of two in one sign-in the first counts, and the second is told where that went on
 * (`decided`). `gone`: the client is, or the sign-in; whoever calls undoes what came before.
 */
export async function saveConsent(
  { provider, tx }: { provider: Provider; tx: Tx },
  interaction: Interaction,
  userId: string,
  ticked: { openid: readonly string[]; resources: readonly string[] },
  language: Language,
): Promise<SavedConsent> {
  const { clientId } = interaction
  // Whoever deletes it waits, and then forgets this decision too: it must not be that of a later client of the same id.
  const living = await tx.$queryRaw<object[]>`SELECT 1 FROM clients WHERE id = ${clientId} FOR KEY SHARE`
  if (living.length === 0) return { ok: false, reason: 'gone' }
  // There is a row to hold, from here to the commit: what is decided elsewhere meanwhile waits, and is not overwritten.
  await tx.$executeRaw`
    INSERT INTO consents (user_id, client_id, decision, updated_at)
    VALUES (${userId}::uuid, ${clientId}, ${JSON.stringify(nothingDecided)}::jsonb, now()) ON CONFLICT DO NOTHING`
  await tx.$queryRaw`SELECT 1 FROM consents WHERE user_id = ${userId}::uuid AND client_id = ${clientId} FOR UPDATE`
  // Whoever decided in this sign-in first held that row too, so that is seen here.
  const decided = await decidedAddress(tx, interaction.uid)
  if (decided === null) return { ok: false, reason: 'gone' }
  if (decided !== 'open') return { ok: false, reason: 'decided', next: decided.next }
  const { asked, earlier, lines } = await askedOf(tx, interaction, userId)
  const decision = approvedScopes(asked, ticked, earlier)
  await tx.consent.update({
    where: { userId_clientId: { userId, clientId } },
    data: { decision: decision },
  })
  const grantId = await saveGrant(provider, tx, {
    ...{ userId, clientId, decision },
    existing: interaction.grantId,
    since: interaction.issuedAt,
  })
  await keepReceipt(tx, { userId, clientId, grantId, language, lines, decision })
  return { ok: true, grantId, decision }
}

/**
 * Forgets what everybody decided about a client that is gone (whoever is registered under its id next must ask anew), what a user who
 * is gone decided, or what a user withdraws from a client: it must ask for everything again. Returns how many decisions that were.
 * Receipts of what was withdrawn stay and say so; those of a user who is gone go with them.
 */
export async function forgetConsents(
  tx: Tx,
  of: { clientId: string } | { userId: string } | { userId: string; clientId: string },
): Promise<number> {
  const { count } = await tx.consent.deleteMany({ where: of })
  const isOfGoneUser = 'userId' in of && !('clientId' in of)
  if (isOfGoneUser) {
    await tx.cutoff.deleteMany({ where: of })
    await tx.consentReceipt.deleteMany({ where: of })
  } else
    await tx.consentReceipt.updateMany({
      where: { ...of, withdrawnAt: null },
      data: { withdrawnAt: new Date() },
    })
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
