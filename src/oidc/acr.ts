/**
 * How strongly someone signed in, as the server says it (`acr`) and as it decides it. The `amr` values are RFC 8176's.
 */
export const ACR = { password: 'urn:cardea:acr:pwd', multiFactor: 'urn:cardea:acr:mfa' } as const

export type RequiredAcr = 'any' | 'multi_factor' | 'unmet'

export type AcrRequest = {
  /** `acr_values`, in the client's order of preference (OIDC Core section 3.1.2.1). */
  acrValues: readonly string[]
  /** The values of an essential `acr` in the claims parameter; undefined when there is none (section 5.5.1.1). */
  essential: readonly string[] | undefined
}

/**
 * What a request demands. Essential values bind: none of ours among them is `unmet`, and the answer must be an error,
 * never a lower acr. `acr_values` are a preference, taken at the first value that we know.
 */
export function requiredAcr(
  policy: 'optional' | 'required',
  { acrValues, essential }: AcrRequest,
): RequiredAcr {
  const known = (values: readonly string[]) =>
    values.filter((value) => value === ACR.password || value === ACR.multiFactor)
  if (essential) {
    const [preferred] = known(essential)
    if (preferred === undefined) return 'unmet'
    // A session at mfa is not reported as pwd, so a client that insists on exactly pwd gets it only where policy allows.
    if (essential.includes(ACR.multiFactor)) return 'multi_factor'
    return policy === 'required' ? 'unmet' : 'any'
  }
  if (policy === 'required') return 'multi_factor'
  return known(acrValues)[0] === ACR.multiFactor ? 'multi_factor' : 'any'
}

export function satisfies(acr: string | undefined, required: RequiredAcr): boolean {
  return required === 'any' || (required === 'multi_factor' && acr === ACR.multiFactor)
}

/** The acr request in an authorization request's parameters; malformed claims were refused by the engine before. */
export function acrRequestOf(params: Record<string, unknown>): AcrRequest {
  const acrValues = typeof params['acr_values'] === 'string' ? params['acr_values'].split(' ') : []
  if (typeof params['claims'] !== 'string') return { acrValues, essential: undefined }
  const { id_token: idToken } = JSON.parse(params['claims']) as {
    id_token?: { acr?: AcrClaim | null } | null
  }
  const acr = idToken?.acr
  if (!acr?.essential) return { acrValues, essential: undefined }
  if (Array.isArray(acr.values)) return { acrValues, essential: acr.values.map(String) }
  return { acrValues, essential: typeof acr.value === 'string' ? [acr.value] : undefined }
}

type AcrClaim = { essential?: boolean; value?: unknown; values?: unknown }
