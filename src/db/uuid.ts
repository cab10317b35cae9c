const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** True when the text could be an id that the database makes. What is none is nobody's, and no query that fails. */
export function isUuid(text: unknown): text is string {
  return typeof text === 'string' && uuid.test(text)
}
