import type { Config } from '../config/index.ts'
import { createOutboundGuard, guardedGet } from '../http/index.ts'
import { createFileLookup, createPasswordRules, createRangeLookup } from '../users/index.ts'
import type { BreachedLookup, PasswordRules } from '../users/index.ts'

/** A range is some 60 kB with its padding. */
const MOST_BYTES = 512 * 1024

/** What new passwords are held to, by configuration: for the server's pages and the command line alike. */
export function passwordRules(config: Config, onOutcome?: BreachedLookup['onOutcome']): PasswordRules {
  const find = breachedLookup(config)
  return createPasswordRules({
    secondFactor: config.secondFactor.totp,
    leastScore: config.passwords.leastScore,
    names: [config.looks.name, 'Cardea', ...namesIn(new URL(config.issuer).hostname)],
    breached: find && { find, onOutcome },
  })
}

function breachedLookup({ passwords, outbound }: Config): BreachedLookup['find'] | null {
  const { breached } = passwords
  if (breached.by === 'off') return null
  if (breached.by === 'file') return createFileLookup(breached.path)
  const guard = createOutboundGuard([...outbound.allowHosts, ...outbound.allowNetworks])
  return createRangeLookup((prefix) => fetchRange(guard, new URL(prefix, breached.url)))
}

/** Somebody waits for their new password meanwhile: three seconds, and the other rules have to do. */
async function fetchRange(guard: ReturnType<typeof createOutboundGuard>, url: URL): Promise<string> {
  const headers = new Headers({ 'Add-Padding': 'true', Accept: 'text/plain', 'User-Agent': 'cardea' })
  const answer = await guardedGet(guard, url, { headers, signal: AbortSignal.timeout(3000) })
  return textOf(answer)
}

async function textOf({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength
    if (bytes > MOST_BYTES) throw new Error('the answer is too long for a range of hashes')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('latin1')
}

/** The telling parts of the server's host name: `example` of `id.example.com`. */
function namesIn(hostname: string): string[] {
  if (/^[\d.]+$|:/.test(hostname)) return []
  const labels = hostname.split('.')
  return [hostname, ...labels.slice(0, Math.max(1, labels.length - 1))].filter((label) => label.length >= 4)
}
