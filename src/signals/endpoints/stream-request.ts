import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import type { OutboundGuard } from '../../http/index.ts'
import type { Stream, StreamDelivery } from '../../receivers/index.ts'
import { POLL, pollAddress, PUSH, streamDocument } from './stream-document.ts'

const MOST_TEXT = 2000

/** What a receiver may say about its stream. Whatever else is in a request is not for us (SSF section 8.1.1.1). */
export const streamRequest = z.object({
  events_requested: z.array(z.string().max(500)).max(100).optional(),
  delivery: z
    .object({
      method: z.string(),
      endpoint_url: z.string().max(MOST_TEXT).optional(),
      authorization_header: z
        .string()
        .max(4096)
        .regex(/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/)
        .optional(),
    })
    .optional(),
  description: z.string().optional(),
})
export type StreamRequest = z.infer<typeof streamRequest>

export const changeRequest = streamRequest.extend({ stream_id: z.string() })

type Read = { ok: true; delivery: StreamDelivery } | { ok: false; problem: string }

/** How events are to be delivered; by polling when nothing is said (section 8.1.1.1). Refuses addresses that events may not go to. */
export function readDelivery(
  {
    guard,
    outboundAllow,
    issuer,
  }: { guard: OutboundGuard; outboundAllow: readonly string[]; issuer: string },
  delivery: StreamRequest['delivery'],
  streamId?: string,
): Read {
  const { method, endpoint_url: address, authorization_header: authorization } = delivery ?? { method: POLL }
  if (method === POLL) {
    // It is ours to say where; saying it back is no harm.
    if (address !== undefined && (streamId === undefined || address !== pollAddress(issuer, streamId)))
      return { ok: false, problem: 'the endpoint_url of a polled stream is not the receiver’s to choose' }
    return { ok: true, delivery: { method: 'poll' } }
  }
  if (method !== PUSH) return { ok: false, problem: 'this delivery method is not supported' }
  const problem = addressProblem(guard, outboundAllow, address)
  if (problem !== null) return { ok: false, problem }
  return { ok: true, delivery: { method: 'push', endpointUrl: address ?? '', authorization } }
}

function addressProblem(
  guard: OutboundGuard,
  outboundAllow: readonly string[],
  address: string | undefined,
): string | null {
  const url = address === undefined ? null : URL.parse(address)
  if (!url || url.username !== '' || url.password !== '' || url.hash !== '')
    return 'endpoint_url must be an absolute URL without credentials and fragment'
  const isOurs = outboundAllow.includes(url.hostname.replace(/^\[|\]$/g, ''))
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isOurs))
    return 'endpoint_url must be an https URL'
  try {
    guard.check(url)
    return null
  } catch {
    return 'endpoint_url leads where events are not sent'
  }
}

/** As much of it as we keep. */
export function shortened(description: string | undefined): string | null {
  return description === undefined ? null : description.slice(0, 200)
}

const transmitterSupplied = [
  'iss',
  'aud',
  'events_supported',
  'events_delivered',
  'min_verification_interval',
] as const

/** A property that is not the receiver's to say may be there, with the value that it has (sections 8.1.1.3 and 8.1.1.4); else its name. */
export function wrongProperty(issuer: string, stream: Stream, said: unknown): string | null {
  const document = streamDocument(issuer, stream)
  const given = said as Record<string, unknown>
  return (
    transmitterSupplied.find(
      (name) =>
        given[name] !== undefined && !isDeepStrictEqual(inAnyOrder(given[name]), inAnyOrder(document[name])),
    ) ?? null
  )
}

function inAnyOrder(value: unknown): unknown {
  return Array.isArray(value) && value.every((one) => typeof one === 'string') ? value.toSorted() : value
}
