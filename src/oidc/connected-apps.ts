import { ACCOUNT_PAGES, findClients, logoAddresses, wordsFor } from '../clients/index.ts'
import type { Db } from '../db/index.ts'
import type { Language } from '../language/index.ts'
import { decisionSchema } from './consent.ts'
import type { ConsentLine } from './consent.ts'
import { fromGrants, grantIsActive } from './in-force/conditions.ts'
import { lineOf } from './receipts.ts'

/** An app that has, or may have without asking again, something of a person's. */
export type ConnectedApp = {
  clientId: string
  name: string
  uri: string | undefined
  policyUri: string | undefined
  tosUri: string | undefined
  /** A path of ours, when there is a logo. */
  logo: string | undefined
  /** One of the operator's own, whose users are not asked. */
  firstParty: boolean
  verified: boolean
  registeredAt: Date
  /** What it may have, in words. */
  may: ReturnType<typeof lineOf>[]
  /** May it, while the person is away? */
  offline: boolean
  /** Since when there has been a decision or a sign-in that still counts. */
  since: Date
  /** The last sign-in or fetch of new tokens that is known of; null when only the decision is left. */
  lastUsedAt: Date | null
}

type Living = {
  clientId: string
  since: Date
  usedAt: Date
  scopes: (string | null)[]
  claims: unknown[]
  resources: unknown[]
}

/**
 * The apps that have something of a person's, by grants in force or by a decision that is remembered, in the order of their names. The
 * account pages themselves are none. What each may do is both together, as it stands now, in the language given.
 */
export async function listConnectedApps(
  db: Db,
  input: { userId: string; language: Language; refreshIdleSeconds: number },
): Promise<ConnectedApp[]> {
  const { userId, language } = input
  const living = await livingAccess(db, input)
  const consents = await db.consent.findMany({ where: { userId } })
  const ids = new Set([...living.map(({ clientId }) => clientId), ...consents.map((row) => row.clientId)])
  ids.delete(ACCOUNT_PAGES)
  const clients = await findClients(db, [...ids])
  const logos = await logoAddresses(db, [...ids])
  const apps = clients.map((client) => {
    const access = living.find(({ clientId }) => clientId === client.id)
    const consent = consents.find(({ clientId }) => clientId === client.id)
    const lines = [
      ...(consent ? grantedBy(decisionSchema.parse(consent.decision).granted) : []),
      ...(access ? grantedBy(fromPayloads(access)) : []),
    ]
    const since = [consent?.createdAt, access?.since].flatMap((date) => date ?? [])
    return { client, lines: distinct(lines), since: new Date(Math.min(...since.map(Number))), access }
  })
  const resources = apps.flatMap(({ lines }) => lines.flatMap(({ resource }) => resource ?? []))
  const words = await wordsFor(db, language, { resources })
  return apps
    .map(({ client, lines, since, access }): ConnectedApp => ({
      ...{ clientId: client.id, name: client.name, since, logo: logos.get(client.id) },
      ...{ firstParty: client.firstParty, verified: client.verified, registeredAt: client.createdAt },
      uri: client.metadata.client_uri,
      policyUri: client.metadata.policy_uri,
      tosUri: client.metadata.tos_uri,
      may: lines.filter(({ name }) => name !== 'offline_access').map((line) => lineOf(words, line)),
      offline: lines.some(({ name }) => name === 'offline_access'),
      lastUsedAt: access?.usedAt ?? null,
    }))
    .sort((a, b) => a.name.localeCompare(b.name, language))
}

/** What lives: a refresh that rotates nothing leaves no other trace than the end that it moves. */
async function livingAccess(
  db: Db,
  { userId, refreshIdleSeconds }: { userId: string; refreshIdleSeconds: number },
): Promise<Living[]> {
  return db.$queryRaw<Living[]>`
    WITH living AS (
      SELECT g.id, g.client_id, g.created_at, g.payload FROM ${fromGrants} WHERE g.user_id = ${userId}::uuid AND ${grantIsActive}
    ), used AS (
      SELECT l.client_id, max(GREATEST(t.issued_at, CASE WHEN t.kind = 'RefreshToken'
        THEN LEAST(t.expires_at - ${refreshIdleSeconds} * interval '1 second', now()) END)) AS at
      FROM living l JOIN tokens t ON t.grant_id = l.id GROUP BY l.client_id
    )
    SELECT l.client_id AS "clientId", min(l.created_at) AS since, GREATEST(max(l.created_at), max(u.at)) AS "usedAt",
      array_agg(DISTINCT l.payload #>> '{openid,scope}') AS scopes,
      jsonb_agg(DISTINCT COALESCE(l.payload #> '{openid,claims}', '[]')) AS claims,
      jsonb_agg(DISTINCT COALESCE(l.payload -> 'resources', '{}')) AS resources
    FROM living l LEFT JOIN used u ON u.client_id = l.client_id GROUP BY l.client_id`
}

type Granted = { openid: string[]; claims: string[]; resources: Record<string, string[]> }
type Line = Pick<ConsentLine, 'kind' | 'name' | 'resource'>

function fromPayloads({ scopes, claims, resources }: Living): Granted {
  const words = (scope: string | null | undefined) => (scope ?? '').split(' ').filter(Boolean)
  const of: Record<string, string[]> = {}
  for (const payload of resources as Record<string, string>[])
    for (const [identifier, scope] of Object.entries(payload))
      of[identifier] = [...(of[identifier] ?? []), ...words(scope)]
  return { openid: scopes.flatMap(words), claims: (claims as string[][]).flat(), resources: of }
}

function grantedBy({ openid, claims, resources }: Granted): Line[] {
  return [
    ...openid.map((name): Line => ({ kind: 'scope', name, resource: null })),
    ...claims.map((name): Line => ({ kind: 'claim', name, resource: null })),
    ...Object.entries(resources).flatMap(([resource, names]) =>
      names.map((name): Line => ({ kind: 'resource_scope', name, resource })),
    ),
  ]
}

function distinct(lines: Line[]): Line[] {
  return [
    ...new Map(lines.map((line) => [`${line.kind} ${line.resource ?? ''} ${line.name}`, line])).values(),
  ]
}
