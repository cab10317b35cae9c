import { z } from 'zod'

const scopes = z.array(z.string())
const side = z.strictObject({ openid: scopes, claims: scopes, resources: z.record(z.string(), scopes) })

/** What a user decided about a client: what it may have, and what they said no to (so that they are not asked again). */
export const decisionSchema = z.strictObject({ granted: side, rejected: side })
export type Decision = z.infer<typeof decisionSchema>

/** What a client asks for now. */
export type Asked = {
  openid: string[]
  claims: string[]
  resources: Record<string, { name: string; optional: boolean }[]>
}

export const nothingDecided: Decision = {
  granted: { openid: [], claims: [], resources: {} },
  rejected: { openid: [], claims: [], resources: {} },
}

/** OpenID scopes an app cannot work without: everything else may be unticked. */
const requiredScopes = new Set(['openid'])

export function isOptional(openidScope: string): boolean {
  return !requiredScopes.has(openidScope)
}

/**
 * The decision a consent form expresses. Only what was asked can be granted, required scopes are granted with "allow",
 * and what was not asked this time keeps its earlier answer.
 */
export function approvedScopes(
  asked: Asked,
  ticked: { openid: readonly string[]; resources: readonly string[] },
  earlier: Decision,
): Decision {
  const chosen = new Set(ticked.openid)
  const chosenOfResources = new Set(ticked.resources)
  const answer = (scope: string) => !isOptional(scope) || chosen.has(scope)
  const decision: Decision = {
    granted: {
      openid: merge(earlier.granted.openid, asked.openid, answer),
      claims: [...new Set([...earlier.granted.claims, ...asked.claims])],
      resources: { ...earlier.granted.resources },
    },
    rejected: {
      openid: merge(earlier.rejected.openid, asked.openid, (scope) => !answer(scope)),
      claims: [],
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

/** The earlier list, with every scope asked now put in or taken out by its new answer. */
function merge(
  earlier: readonly string[],
  asked: readonly string[],
  belongs: (scope: string) => boolean,
): string[] {
  return [...new Set([...earlier.filter((scope) => !asked.includes(scope)), ...asked.filter(belongs)])]
}
