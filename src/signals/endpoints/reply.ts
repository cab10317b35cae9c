/** What an endpoint answers. */
export type Reply = { status: number; body?: unknown; headers?: Record<string, string> }

/** The request cannot be read, or asks for what cannot be. */
export function badRequest(description: string): Reply {
  return { status: 400, body: { error: 'invalid_request', error_description: description } }
}

/** An operator stopped a stream of this receiver: until it goes on the receiver changes none. */
export const heldByOperator: Reply = {
  status: 403,
  body: { error: 'access_denied', error_description: 'the transmitter stopped a stream of this receiver' },
}

/** No such stream, or not of this receiver: they cannot be told apart. */
export const noSuchStream: Reply = {
  status: 404,
  body: { error: 'not_found', error_description: 'there is no such stream' },
}
