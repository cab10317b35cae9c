import { inspectImage } from '../clients/index.ts'
import type { LogoOutcome } from '../clients/index.ts'
import { failureWord, guardedGet } from '../http/index.ts'
import type { createOutboundGuard } from '../http/index.ts'

type Guard = ReturnType<typeof createOutboundGuard>

const MOST_BYTES = 256 * 1024
const TIMEOUT_MS = 5000

/**
 * Gets a client's logo from where it says: https (or our own machine, where the operator allows it), no redirects, addresses that the
 * guard lets through, 256 kB and five seconds altogether; and it must be a picture by its own bytes. Never rejects: what went wrong is
 * told in a word.
 */
export async function getLogo(
  guard: Guard,
  sourceUri: string,
  { timeoutMs = TIMEOUT_MS, signal }: { timeoutMs?: number; signal?: AbortSignal } = {},
): Promise<LogoOutcome> {
  const url = URL.parse(sourceUri)
  if (!url) return { ok: false, error: 'no_address' }
  const isOurMachine = url.protocol === 'http:' && ['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname)
  if (url.protocol !== 'https:' && !isOurMachine) return { ok: false, error: 'not_https' }
  const late = AbortSignal.timeout(timeoutMs)
  const until = signal ? AbortSignal.any([late, signal]) : late
  try {
    const headers = new Headers({ accept: 'image/png, image/jpeg, image/webp, image/gif' })
    const answer = await guardedGet(guard, url, { headers, signal: until })
    const body = await readUpTo(MOST_BYTES, answer)
    if (body === null) return { ok: false, error: 'too_large' }
    const image = inspectImage(body)
    return image.ok ? { ok: true, body, image } : { ok: false, error: image.reason }
  } catch (error) {
    if (until.aborted) return { ok: false, error: 'timeout' }
    const status = /^answered (\d{3})$/.exec(error instanceof Error ? error.message : '')?.[1]
    return { ok: false, error: status === undefined ? failureWord(error) : `http_${status}` }
  }
}

/** Everything that is sent, or null as soon as it is too much; what was announced is not believed. */
async function readUpTo(limit: number, answer: Response): Promise<Buffer | null> {
  const chunks: Uint8Array[] = []
  let size = 0
  // Leaving the loop early ends the connection.
  for await (const chunk of (answer.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength
    if (size > limit) return null
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
