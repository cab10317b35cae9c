import type { KoaContextWithOIDC } from 'oidc-provider'
import { engineError } from './errors.ts'

/** Pages look things up as well; a store that is not there is no bug of theirs. */
export async function shown(page: Promise<void>): Promise<void> {
  try {
    await page
  } catch (error) {
    throw engineError(error)
  }
}

/** The engine's own token against forged forms, kept in the browser's session. */
export function xsrfOf({ oidc }: KoaContextWithOIDC): string {
  return (oidc.session?.state as { secret?: string } | undefined)?.secret ?? ''
}
