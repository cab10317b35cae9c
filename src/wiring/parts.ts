import type { JWK } from 'jose'
import type { Logger } from 'pino'
import type { Config } from '../config/index.ts'
import type { Sealer } from '../crypto/index.ts'
import type { Database } from '../db/index.ts'
import type { Counted, createMetrics } from '../http/index.ts'
import type { createOidc } from '../oidc/index.ts'
import type { PasswordHasher } from '../users/index.ts'
import type { Pages } from './pages.ts'

/** What the process brings. */
export type AppDeps = {
  config: Config
  database: Database
  hasher: PasswordHasher
  sealer: Sealer
  signingKeys: JWK[]
  cookieKeys: readonly Buffer[]
  logger: Logger
  /** False while the process is stopping: balancers then send no more. */
  isAccepting(): boolean
  /** The processes that answer the public in this one's stead. */
  workers?: WorkersBeside | undefined
}

/** What a supervisor knows of its workers. */
export type WorkersBeside = {
  /** Whether at least one of them answers. */
  isAnyReady(): boolean
  counted: () => Promise<Counted[]>
}

/** What the rooms are wired with: what the process brings, and what was made of it. */
export type Parts = AppDeps & {
  metrics: ReturnType<typeof createMetrics>
  pages: Pages
}

export type PartsWithEngine = Parts & { oidc: ReturnType<typeof createOidc> }
