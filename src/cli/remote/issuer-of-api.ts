import { isLoopback } from '../../config/index.ts'
import { Refusal } from '../refusal.ts'

/**
 * Decides whether a person signs in at the issuer that an API names (RFC 9728 section 7: anybody can run an API that names
 * somebody else's issuer, and would be sent the token). `api` is its origin; `named` is the issuer by the person's own word.
 * Returns for an API on this machine, for one on the issuer's host, and for a `named` that is `issuer`. Throws a Refusal for
 * everything else, and for every other `named`.
 */
export function trustIssuer(
  { api, issuer }: { api: string; issuer: string },
  named: string | undefined,
): void {
  if (named !== undefined) return matchIssuer({ api, issuer }, { named, by: '--issuer' })
  const url = new URL(api)
  if (isLoopback(url.hostname) || url.hostname === new URL(issuer).hostname) return
  throw new Refusal(
    'configuration',
    `${api} wants tokens of ${issuer}, which is on another host. Whoever runs ${api} could do all that you may. If you know that it belongs to that issuer, say so: --issuer ${issuer}`,
  )
}

/** Throws a Refusal unless an API names the issuer that somebody named, character for character (RFC 8414 section 3.3). */
export function matchIssuer(
  { api, issuer }: { api: string; issuer: string },
  { named, by }: { named: string; by: '--issuer' | 'CARDEA_ISSUER' },
): void {
  if (issuer !== named)
    throw new Refusal(
      'configuration',
      `${api} wants tokens of ${issuer}, and ${by} is ${named}. Nothing was sent: one of the two is wrong.`,
    )
}
