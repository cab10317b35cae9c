const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** True when the text could be a user's id. What is none is answered with "no such user", never with a query that fails. */
export function isUserId(id: unknown): id is string {
  return typeof id === 'string' && uuid.test(id)
}
