import { z } from 'zod'
import { ADMIN_API } from '../../clients/index.ts'
import { Refusal } from '../refusal.ts'
import { ConnectionLost, send, unreachable } from './send.ts'

const schema = z.object({
  resource: z.literal(ADMIN_API),
  authorization_servers: z.tuple([z.string().refine(isPlainUrl)]),
  scopes_supported: z.array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/)),
})

// As the server writes its own (../../config): what is shown is then what is meant, with no character that could forge it.
function isPlainUrl(text: string): boolean {
  const href = URL.parse(text)?.href
  return href === text || href === `${text}/`
}

/** What an admin API says about itself. */
export type ProtectedResource = { issuer: string; scopes: string[] }

/** Asks an admin API which issuer's tokens it takes, and which scopes there are (RFC 9728 section 3). */
export async function readProtectedResource(api: string): Promise<ProtectedResource> {
  const response = await send(new URL('/.well-known/oauth-protected-resource', api), {}).catch(
    (error: unknown) => {
      throw error instanceof ConnectionLost ? unreachable(api, error.message) : error
    },
  )
  if (response.status === 503) throw unreachable(api, 'it answers 503, not available right now')
  const parsed = schema.safeParse(await response.json().catch(() => undefined))
  if (response.status !== 200 || !parsed.success)
    throw new Refusal('configuration', `There is no admin API of Cardea at ${api}.`)
  const { authorization_servers, scopes_supported } = parsed.data
  return { issuer: authorization_servers[0], scopes: scopes_supported }
}
