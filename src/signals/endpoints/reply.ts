/** What an endpoint answers. */
export type Reply = {
  status: number
  body?: unknown
  headers?: Record<string, string>
  /** Why somebody we know may not do this, where that is the answer: it is written down. */
  denied?: Denial
}

export type Denial = { reason: 'insufficient_scope' | 'held_by_operator'; stream?: string }

/** The request cannot be read, or asks for what cannot be. */
export function badRequest(description: string): Reply {
  return { status: 400, body: { error: 'invalid_request', error_description: description } }
}

/** An operator stopped a stream of this receiver: until it goes on the receiver changes none. `stream`: which one it would have changed. */
export function heldByOperator(stream?: string): Reply {
  return {
    status: 403,
    body: { error: 'access_denied', error_description: 'the transmitter stopped a stream of this receiver' },
    denied: { reason: 'held_by_operator', ...(stream === undefined ? {} : { stream }) },
  }
}

/** No such stream, or not of this receiver: they cannot be told apart. */
export const noSuchStream: Reply = {
  status: 404,
  body: { error: 'not_found', error_description: 'there is no such stream' },
}
