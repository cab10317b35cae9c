import { selfPages } from './signed-in/pages.ts'
import { publicPages } from './signed-in/public-pages.ts'

/** The addresses of this room and their methods. */
export const accountMethods: Record<string, string[]> = {
  '/account/password': ['GET', 'POST'],
  '/account/password-set': ['GET'],
  ...publicPages,
  ...Object.fromEntries(
    selfPages.map(({ path, get, post }) => [path, [...(get ? ['GET'] : []), ...(post ? ['POST'] : [])]]),
  ),
}
