/** How much of what ended; only what still counted is counted. */
export type RevocationCounts = {
  sessions: number
  grants: number
  authorization_codes: number
  device_codes: number
  refresh_tokens: number
  access_tokens: number
  jwt_access_tokens: number
}

export const noCounts: RevocationCounts = {
  sessions: 0,
  grants: 0,
  authorization_codes: 0,
  device_codes: 0,
  refresh_tokens: 0,
  access_tokens: 0,
  jwt_access_tokens: 0,
}

const countOf: Record<string, keyof RevocationCounts> = {
  AuthorizationCode: 'authorization_codes',
  DeviceCode: 'device_codes',
  RefreshToken: 'refresh_tokens',
  AccessToken: 'access_tokens',
  ClientCredentials: 'access_tokens',
  JwtAccessToken: 'jwt_access_tokens',
}

export function plus(one: RevocationCounts, other: Partial<RevocationCounts>): RevocationCounts {
  const sum = { ...one }
  for (const key of Object.keys(sum) as (keyof RevocationCounts)[]) sum[key] += other[key] ?? 0
  return sum
}

/** Counts by the engine's kinds, under the names of receipts. */
export function byKind(rows: readonly { kind: string; living: number }[]): Partial<RevocationCounts> {
  const counts: Partial<RevocationCounts> = {}
  for (const { kind, living } of rows) {
    const name = countOf[kind]
    if (name) counts[name] = (counts[name] ?? 0) + living
  }
  return counts
}

export function tokensIn(counts: RevocationCounts): number {
  const { sessions: _sessions, grants: _grants, ...tokens } = counts
  return Object.values(tokens).reduce((sum, count) => sum + count, 0)
}
