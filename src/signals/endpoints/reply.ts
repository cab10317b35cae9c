/** What an endpoint answers. */
export type Reply = { status: number; body?: unknown; headers?: Record<string, string> }

/** The request cannot be read, or asks for what cannot be. */
export function badRequest(description: string): Reply {
  return { status: 400, body: { error: 'invalid_request', error_description: description } }
}

/** No such stream, or not of this receiver: they cannot be told apart. */
export const noSuchStream: Reply = {
  status: 404,
  body: { error: 'not_found', error_description: 'there is no such stream' },
}
