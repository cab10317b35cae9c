import { isUuid } from '../db/index.ts'

/** True when the text could be a user's id. What is none is answered with "no such user", never with a query that fails. */
export function isUserId(id: unknown): id is string {
  return isUuid(id)
}
