import { z } from 'zod'

const scopes = z.array(z.string())
const side = z.strictObject({ openid: scopes, claims: scopes, resources: z.record(z.string(), scopes) })

/** What a user decided about a client: what it may have, and what they said no to (so that they are not asked again). */
export const decisionSchema = z.strictObject({ granted: side, rejected: side })
export type Decision = z.infer<typeof decisionSchema>

/** What a client asks for now. */
export type Asked = {
  openid: string[]
  /** By name, through the `claims` parameter (OpenID Connect Core section 5.5). */
  claims: string[]
  /** Those of them that the client says it needs. They can be refused all the same (section 5.5.1). */
  essential?: string[]
  resources: Record<string, { name: string; optional: boolean }[]>
}

/** One thing asked for, as a line of the consent page and of the receipt. */
export type ConsentLine = {
  kind: 'scope' | 'claim' | 'resource_scope'
  name: string
  /** The API that a `resource_scope` belongs to. */
  resource: string | null
  /** What the form sends for it when it is ticked. */
  value: string
  optional: boolean
  /** A claim that the client says it needs. */
  essential: boolean
  /** What was answered before: nothing, yes or no. */
  before: 'unanswered' | 'granted' | 'refused'
}

export const nothingDecided: Decision = {
  granted: { openid: [], claims: [], resources: {} },
  rejected: { openid: [], claims: [], resources: {} },
}

/** Which claims each scope of OpenID asks for (OpenID Connect Core section 5.4); all that this server can vouch for. */
export const claimsOfScope: Readonly<Record<string, readonly string[]>> = {
  profile: ['name', 'updated_at'],
  email: ['email', 'email_verified'],
}

export const openidScopes: readonly string[] = ['openid', 'offline_access', ...Object.keys(claimsOfScope)]
export const knownClaims: readonly string[] = Object.values(claimsOfScope).flat()

/** OpenID scopes an app cannot work without: everything else may be unticked. */
const requiredScopes = new Set(['openid'])

export function isOptional(openidScope: string): boolean {
  return !requiredScopes.has(openidScope)
}

/**
 * What is asked, line by line, with what was answered before. A claim asked for by name that a scope asks for as well has no line of its
 * own: it goes with the scope.
 */
export function linesOf(asked: Asked, { granted, rejected }: Decision): ConsentLine[] {
  const before = (yes: readonly string[] = [], no: readonly string[] = [], name: string) =>
    yes.includes(name) ? 'granted' : no.includes(name) ? 'refused' : 'unanswered'
  const scopes = asked.openid.map((name): ConsentLine => ({
    ...{ kind: 'scope', name, resource: null, value: name, optional: isOptional(name), essential: false },
    before: before(granted.openid, rejected.openid, name),
  }))
  const claims = asked.claims
    .filter((name) => coveringScopes(asked, name).length === 0)
    .map((name): ConsentLine => ({
      ...{ kind: 'claim', name, resource: null, value: claimValue(name), optional: true },
      essential: asked.essential?.includes(name) ?? false,
      before: before(granted.claims, rejected.claims, name),
    }))
  const ofResources = Object.entries(asked.resources).flatMap(([resource, list]) =>
    list.map(({ name, optional }): ConsentLine => ({
      ...{ kind: 'resource_scope', name, resource, value: `${resource} ${name}`, optional, essential: false },
      before: before(granted.resources[resource], rejected.resources[resource], name),
    })),
  )
  return [...scopes, ...claims, ...ofResources]
}

/** Whether a decision gives what a line asks for. */
export function isGranted({ granted }: Decision, { kind, name, resource }: ConsentLine): boolean {
  if (kind === 'scope') return granted.openid.includes(name)
  if (kind === 'claim') return granted.claims.includes(name)
  return (granted.resources[resource ?? ''] ?? []).includes(name)
}

/**
 * The decision a consent form expresses. Only what was asked can be granted, required scopes are granted with "allow",
 * and what was not asked this time keeps its earlier answer. A claim asked for by name has the answer of the scope that asks for it too,
 * also when it was answered before: what is unticked is not given in another way.
 */
export function approvedScopes(
  asked: Asked,
  ticked: { openid: readonly string[]; resources: readonly string[] },
  earlier: Decision,
): Decision {
  const chosen = new Set(ticked.openid)
  const chosenOfResources = new Set(ticked.resources)
  const answer = (scope: string) => !isOptional(scope) || chosen.has(scope)
  const turned = (claims: readonly string[]) =>
    claims.filter((claim) => coveringScopes(asked, claim).length > 0)
  const answerClaim = (claim: string) => {
    const scopes = coveringScopes(asked, claim)
    return scopes.length > 0 ? scopes.some(answer) : chosen.has(claimValue(claim))
  }
  const decision: Decision = {
    granted: {
      openid: merge(earlier.granted.openid, asked.openid, answer),
      claims: merge(
        earlier.granted.claims,
        [...asked.claims, ...turned(earlier.granted.claims)],
        answerClaim,
      ),
      resources: { ...earlier.granted.resources },
    },
    rejected: {
      openid: merge(earlier.rejected.openid, asked.openid, (scope) => !answer(scope)),
      claims: merge(
        earlier.rejected.claims,
        [...asked.claims, ...turned([...earlier.granted.claims, ...earlier.rejected.claims])],
        (claim) => !answerClaim(claim),
      ),
      resources: { ...earlier.rejected.resources },
    },
  }
  for (const [identifier, scopesOfResource] of Object.entries(asked.resources)) {
    const allowed = new Map(
      scopesOfResource.map(({ name, optional }) => [
        name,
        !optional || chosenOfResources.has(`${identifier} ${name}`),
      ]),
    )
    const names = [...allowed.keys()]
    decision.granted.resources[identifier] = merge(
      earlier.granted.resources[identifier] ?? [],
      names,
      (name) => allowed.get(name) === true,
    )
    decision.rejected.resources[identifier] = merge(
      earlier.rejected.resources[identifier] ?? [],
      names,
      (name) => allowed.get(name) === false,
    )
  }
  return decision
}

function coveringScopes({ openid }: Asked, claim: string): string[] {
  return openid.filter((scope) => claimsOfScope[scope]?.includes(claim))
}

function claimValue(name: string): string {
  return `claim:${name}`
}

/** The earlier list, with every scope asked now put in or taken out by its new answer. */
function merge(
  earlier: readonly string[],
  asked: readonly string[],
  belongs: (scope: string) => boolean,
): string[] {
  return [...new Set([...earlier.filter((scope) => !asked.includes(scope)), ...asked.filter(belongs)])]
}
