import { decodeJwt } from 'jose'

/**
 * The ids that a request names, by an `id_token_hint` or a `sub` with a value in the claims parameter (OIDC Core sections 3.1.2.1 and
 * 5.5.1): only somebody who is each of them can answer it. The engine has verified both before it asked or stored anything.
 */
export function askedFor({ id_token_hint: hint, claims }: Record<string, unknown>): unknown[] {
  const hinted = typeof hint === 'string' ? decodeJwt(hint).sub : undefined
  const claimed = typeof claims === 'string' ? (JSON.parse(claims) as Claims).id_token?.sub?.value : undefined
  return [hinted, claimed].filter((subject) => subject !== undefined)
}

type Claims = { id_token?: { sub?: { value?: unknown } | null } | null }
