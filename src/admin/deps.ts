import type { Sealer } from '../crypto/index.ts'
import type { Database } from '../db/index.ts'
import type { Render } from '../http/index.ts'
import type { ReadBearer } from './frame/caller.ts'

/** What the admin API is built from. */
export type AdminDeps = {
  database: Database
  /** Seals answers that are kept for an idempotency key: they may hold a secret that is shown once. */
  sealer: Sealer
  /** MAC keys of cursors, newest first. */
  keys: readonly Buffer[]
  /** Where people and clients reach the public listener. */
  issuer: string
  readBearer: ReadBearer
  /** How long the longest-lived thing lives that signing keys sign, JWT access tokens aside: ID tokens, as hints until their session ends. */
  signedSeconds: number
  /** How often one caller may ask in a minute, over all instances. */
  requestsPerMinute: number
  render: Render
  /** Hosts and networks that requests of ours may reach although private. */
  outboundAllow: readonly string[]
  /** Whether mails go anywhere. */
  hasMail: boolean
  /** Whether there are new accounts: without, nobody is invited. */
  acceptsNewcomers: boolean
}
