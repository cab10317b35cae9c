import type { Db } from '../db/index.ts'
import { text, translate } from '../language/index.ts'
import type { Language, TextKey } from '../language/index.ts'
import { findResourceServer } from './resource-server.ts'
import type { StoredResourceServer } from './resource-server.ts'

/** What people read about a scope or a claim. */
export type Words = { title: string; description: string }

/** The words for everything one page speaks of. */
export type WordsFor = {
  /** Of OpenID. */
  scope(name: string): Words
  claim(name: string): Words
  /** What people call an API. */
  resource(identifier: string): string
  resourceScope(identifier: string, name: string): Words
}

type Shipped = { title: TextKey; description?: TextKey }

const shippedScopes: Record<string, Shipped> = {
  openid: { title: 'scopes:openid.title', description: 'scopes:openid.description' },
  profile: { title: 'scopes:profile.title', description: 'scopes:profile.description' },
  email: { title: 'scopes:email.title', description: 'scopes:email.description' },
  offline_access: { title: 'scopes:offline.title', description: 'scopes:offline.description' },
}

const shippedClaims: Record<string, Shipped> = {
  name: { title: 'scopes:claims.name' },
  updated_at: { title: 'scopes:claims.updatedAt' },
  email: { title: 'scopes:claims.email' },
  email_verified: { title: 'scopes:claims.emailVerified' },
}

/** The language of an operator's words that have no language of their own. */
export const ANY_LANGUAGE = 'default'

/** Of what an operator may say it in their own words: the names that this server knows. */
export const worded = { scope: Object.keys(shippedScopes), claim: Object.keys(shippedClaims) }

/**
 * The words for OpenID's scopes and claims and for the scopes of the APIs named: the operator's in this language, else the operator's for
 * any language, else ours, else the bare name. Two queries at most, however much is asked for; an API that is gone keeps its identifier.
 */
export async function wordsFor(
  db: Db,
  language: Language,
  { resources = [] }: { resources?: readonly string[] } = {},
): Promise<WordsFor> {
  const rows = await db.scopeWords.findMany({ where: { language: { in: [language, ANY_LANGUAGE] } } })
  const servers = new Map<string, StoredResourceServer>()
  for (const identifier of new Set(resources)) {
    const server = await findResourceServer(db, identifier)
    if (server) servers.set(identifier, server)
  }
  const operators = (kind: 'scope' | 'claim', name: string): Words | undefined => {
    const of = rows.filter((row) => row.kind === kind && row.name === name)
    const row = of.find((one) => one.language === language) ?? of[0]
    return row && { title: row.title, description: row.description }
  }
  const ours = (shipped: Shipped | undefined, name: string): Words => ({
    title: shipped ? translate(language, text(shipped.title)) : name,
    description: shipped?.description === undefined ? '' : translate(language, text(shipped.description)),
  })
  return {
    scope: (name) => operators('scope', name) ?? ours(shippedScopes[name], name),
    claim: (name) => operators('claim', name) ?? ours(shippedClaims[name], name),
    resource: (identifier) => servers.get(identifier)?.name ?? identifier,
    resourceScope(identifier, name) {
      const scope = servers.get(identifier)?.scopes.find((one) => one.name === name)
      return { title: scope?.descriptions?.[language] ?? scope?.description ?? name, description: '' }
    },
  }
}
