import type { Database } from '../db/index.ts'
import type { Render } from '../http/index.ts'
import type { PasswordHasher } from '../users/index.ts'

export type AccountDeps = {
  database: Database
  hasher: PasswordHasher
  render: Render
  /** HMAC keys of CSRF tokens, newest first. */
  keys: readonly Buffer[]
  issuerName: string
}
