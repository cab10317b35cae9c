import { html, type Html } from './html.ts'
import { moment } from './time.ts'

// The registered claims that are seconds since 1970 (RFC 7519 §4.1, OIDC Core §2, §5.1).
const TIMES = new Set(['auth_time', 'exp', 'iat', 'nbf', 'updated_at'])

/** Lists claims by name, times readable, everything else as the issuer wrote it. */
export function claimsTable(claims: Record<string, unknown>, now: Date): Html {
  return html`<table>
    ${Object.entries(claims).map(
      ([name, value]) =>
        html`<tr>
          <th scope="row">${name}</th>
          <td>${claimValue(name, value, now)}</td>
        </tr>`,
    )}
  </table>`
}

function claimValue(name: string, value: unknown, now: Date): Html {
  if (TIMES.has(name) && typeof value === 'number') return moment(new Date(value * 1000), now)
  if (typeof value === 'string') return html`${value}`
  if (Array.isArray(value) && value.every((item) => typeof item === 'string'))
    return html`${value.join(', ')}`
  return html`<code>${JSON.stringify(value)}</code>`
}
