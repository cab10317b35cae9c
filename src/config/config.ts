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
  readonly samplePort: number
  readonly dataDir: string
  readonly logLevel: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent'
  readonly database: {
    /** Undefined: the embedded PostgreSQL in the data directory. */
    readonly url: string | undefined
    readonly poolMax: number
    readonly statementTimeoutMs: number
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
  readonly http: {
    /** Addresses and networks whose forwarded headers count. */
    readonly trustedProxies: readonly string[]
    readonly requestTimeoutMs: number
    readonly shutdownTimeoutMs: number
  }
  readonly outbound: {
    /** Host names that our own requests may reach although their address is private. */
    readonly allowHosts: readonly string[]
    /** Networks (CIDR) that our own requests may reach although they are private. */
    readonly allowNetworks: readonly string[]
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
  readonly secondFactor: { readonly totp: 'required' | 'optional' }
  readonly passwords: {
    readonly memoryKiB: number
    readonly passes: number
    readonly parallelism: number
    /** How many hashes may run at once; 0 = one per processor core. */
    readonly concurrency: number
  }
  readonly limits: { readonly signInStartsPerMinute: number; readonly adminRequestsPerMinute: number }
}

interface Address {
  readonly host: string
  readonly port: number
}
