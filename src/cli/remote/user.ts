import { Refusal } from '../refusal.ts'
import type { Api } from './api.ts'

type Page = { items: { id: string; email: string }[]; next_cursor: string | null }

/** The id of the user whom somebody names by e-mail address or id. Throws a Refusal when nobody has the address. */
export async function userId(api: Api, named: string): Promise<string> {
  if (!named.includes('@')) return named
  const address = named.trim().toLowerCase()
  let query: Record<string, string> = { email: address, limit: '200' }
  for (;;) {
    // The API searches by the beginning, and longer addresses may come first.
    const { items, next_cursor: cursor } = (await api.ask({ method: 'GET', path: '/v1/users', query }))
      .body as Page
    const found = items.find(({ email }) => email.toLowerCase() === address)
    if (found) return found.id
    if (cursor === null)
      throw new Refusal('not_found', `There is no user ${named}. Name one by e-mail address or id.`)
    query = { ...query, cursor }
  }
}
