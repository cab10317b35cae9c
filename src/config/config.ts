import type { AcrLevel } from './acr-table.ts'
import type { Language } from '../language/index.ts'

/** Everything the process is told from outside. Frozen; durations carry their unit in the name. */
export interface Config {
  readonly mode: 'development' | 'production'
  /** The issuer identifier, byte for byte as tokens and metadata carry it (RFC 8414 §2). */
  readonly issuer: string
  /** The public listener: protocol and hosted pages. */
  readonly listen: Address
  /** The operations listener: admin API, metrics. */
  readonly ops: Address & {
    /** What it may be called, besides localhost and addresses. */
    readonly names: readonly string[]
  }
  readonly looks: {
    /** What people know this server by. */
    readonly name: string
    /** For people whose own language is not known, or not spoken here. */
    readonly language: Language
    /** Templates that take the place of ours. */
    readonly viewsDir: string | undefined
  }
  /** Processes that answer on the public port; auto: one per processor core. */
  readonly workers: number | 'auto'
  readonly samplePort: number
  readonly dataDir: string
  readonly logLevel: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent'
  /** Who is told of spans; null: nobody. */
  readonly tracing: {
    readonly endpoint: string
    /** Secrets. */
    readonly headers: Readonly<Record<string, string>>
    /** The share that is traced, 0 to 1. */
    readonly ratio: number
  } | null
  readonly database: {
    /** Undefined: the embedded PostgreSQL in the data directory. */
    readonly url: string | undefined
    /** PostgreSQL itself, when `url` is a pooler that lends connections by transaction. */
    readonly directUrl: string | undefined
    readonly poolMax: number
    readonly statementTimeoutMs: number
  }
  readonly worker: {
    /** Whether the server does the jobs of the queue itself. */
    readonly inServer: boolean
    /** By another address than the database's. */
    readonly databaseUrl: string | undefined
  }
  readonly keys: {
    /** Sealing keys of 32 bytes, newest first. Undefined only in development: then they come from the data directory. */
    readonly keyring: readonly Buffer[] | undefined
    /** Keys that sign cookies, at least 32 bytes each, newest first. Undefined only in development. */
    readonly cookie: readonly Buffer[] | undefined
  }
  readonly signingKeys: {
    /** Days for which one key signs; 0: until an operator rotates it. */
    readonly rotationDays: number
  }
  readonly audit: {
    /** Days after which events are removed; 0: never. */
    readonly retentionDays: number
  }
  readonly http: {
    /** Addresses and networks whose forwarded headers count. */
    readonly trustedProxies: readonly string[]
    readonly requestTimeoutMs: number
    readonly shutdownTimeoutMs: number
    /** For how long a process told to stop still takes new connections; part of the time above. */
    readonly shutdownDelayMs: number
  }
  readonly outbound: {
    /** Host names that our own requests may reach although their address is private. */
    readonly allowHosts: readonly string[]
    /** Networks (CIDR) that our own requests may reach although they are private. */
    readonly allowNetworks: readonly string[]
  }
  /** Who is told what happens by AMQP; null: nobody. */
  readonly broker: {
    /** With its credentials: a secret. */
    readonly url: string
    readonly exchange: string
    /** Null: operators bind queues of their own. */
    readonly queue: string | null
  } | null
  readonly mail: {
    /** Where mails go: to an SMTP server, into the mailbox of a development server, or nowhere. */
    readonly transport: 'smtp' | 'mailbox' | 'none'
    /** The SMTP server with its credentials: a secret. */
    readonly smtpUrl: string | undefined
    /** The name may be empty. */
    readonly from: { readonly name: string; readonly address: string }
  }
  readonly registration: {
    /** Who may make an account: anybody with a mailbox, whom an operator invited, nobody. */
    readonly policy: 'open' | 'invitation' | 'closed'
    /** Whose addresses may register, in lower case; empty: anybody's. */
    readonly domains: readonly string[]
  }
  readonly sessions: { readonly idleSeconds: number; readonly absoluteSeconds: number }
  readonly tokens: {
    readonly accessSeconds: number
    /** From a revocation to the last API that hears of it through a status list. */
    readonly statusListTtlSeconds: number
    readonly refreshIdleSeconds: number
    readonly refreshAbsoluteSeconds: number
    /** For how long a rotated refresh token still gives the same successor (a retry after a lost response). */
    readonly refreshRetryWindowSeconds: number
  }
  /** What each `acr` value takes, weakest first. */
  readonly acr: readonly AcrLevel[]
  readonly secondFactor: {
    readonly totp: 'required' | 'optional'
    /** For how long a browser may skip it once its user said so; 0 = never. */
    readonly trustedBrowserDays: number
  }
  readonly passwords: {
    readonly memoryKiB: number
    readonly passes: number
    readonly parallelism: number
    /** How many hashes may run at once; 0 = one for each processor core but one. */
    readonly concurrency: number
    /** What zxcvbn must give a new password, 0 to 4; with 0 it is not asked. */
    readonly leastScore: number
    /** Where leaked passwords are looked up. The address ends with a slash. */
    readonly breached:
      | { readonly by: 'off' }
      | { readonly by: 'range'; readonly url: string }
      | { readonly by: 'file'; readonly path: string }
  }
  /** A file of places (.mmdb); undefined: nothing has a place. */
  readonly geoDatabase: string | undefined
  readonly signals: {
    /** Whom a new stream of security events is about before its receiver says anything. */
    readonly defaultSubjects: 'ALL' | 'NONE'
  }
  readonly limits: {
    readonly signInStartsPerMinute: number
    readonly adminRequestsPerMinute: number
    /** Wrong passwords in ten minutes over all users; 0 = no alarm. */
    readonly stuffingFailures: number
  }
}

interface Address {
  readonly host: string
  readonly port: number
}
