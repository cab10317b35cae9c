import type { KoaContextWithOIDC } from 'oidc-provider'
import type { Database } from '../../db/index.ts'

export type StoreOptions = {
  pool: Database['pool']
  refreshRetryWindowSeconds: number
  /** Refuses a client that failed to authenticate too often; asked before its row is read. */
  checkClient(ctx: KoaContextWithOIDC | undefined, clientId: string): void
  /** Looks a typed user code up, unless too many were tried that do not exist. */
  countGuess<T>(
    ctx: KoaContextWithOIDC | undefined,
    look: () => Promise<T | undefined>,
  ): Promise<T | undefined>
}
