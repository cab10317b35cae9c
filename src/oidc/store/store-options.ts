import type { KoaContextWithOIDC } from 'oidc-provider'
import type { Database } from '../../db/index.ts'

export type StoreOptions = {
  pool: Database['pool']
  refreshRetryWindowSeconds: number
  /** Refuses a client that failed to authenticate too often; asked before its row is read. */
  checkClient(ctx: KoaContextWithOIDC | undefined, clientId: string): void
}
