import type { Stream } from '../../receivers/index.ts'
import { eventsDelivered, EVENTS_SUPPORTED } from '../event-types.ts'

export const PUSH = 'urn:ietf:rfc:8935'
export const POLL = 'urn:ietf:rfc:8936'

/** Seconds between two verification events that a receiver asks for. */
export const MIN_VERIFICATION_INTERVAL = 10

/** A stream's configuration as its receiver reads it (SSF section 8.1.1). What it authenticates pushes with is not repeated. */
export function streamDocument(issuer: string, stream: Stream) {
  return {
    stream_id: stream.id,
    iss: issuer,
    aud: stream.clientId,
    events_supported: EVENTS_SUPPORTED,
    events_requested: stream.eventsRequested,
    events_delivered: eventsDelivered(stream.eventsRequested),
    delivery:
      stream.method === 'push'
        ? { method: PUSH, endpoint_url: stream.endpointUrl }
        : { method: POLL, endpoint_url: pollAddress(issuer, stream.id) },
    min_verification_interval: MIN_VERIFICATION_INTERVAL,
    ...(stream.description === null ? {} : { description: stream.description }),
  }
}

export function pollAddress(issuer: string, streamId: string): string {
  return `${issuer}/ssf/poll/${streamId}`
}
