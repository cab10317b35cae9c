import type { Limits } from './check/check.ts'

/** What the servers under test are told to keep, and what is then expected of them. Milliseconds. */
const settings = {
  ...{ requestMs: 4000, databaseMs: 1000, shutdownMs: 7000, shutdownDelayMs: 1000, retryWindowMs: 60_000 },
}

export const limits: Limits = {
  deadlineMs: settings.requestMs,
  /** For a busy machine, and for what the deadline does not cover: connecting, reading and writing. */
  airMs: 2500,
  doorMs: settings.shutdownDelayMs,
  recoveryMs: 20_000,
  noticesMs: 60_000,
  retryWindowMs: settings.retryWindowMs,
}

/** The environment of one instance. */
export function environment(
  own: { port: number; opsPort: number; databaseUrl: string },
  shared: Record<'issuer' | 'keyring' | 'cookieKeys', string>,
): Record<string, string> {
  return {
    CARDEA_MODE: 'production',
    CARDEA_ISSUER: shared.issuer,
    CARDEA_HOST: '127.0.0.1',
    CARDEA_PORT: String(own.port),
    CARDEA_OPS_PORT: String(own.opsPort),
    CARDEA_KEYRING: shared.keyring,
    CARDEA_COOKIE_KEYS: shared.cookieKeys,
    DATABASE_URL: own.databaseUrl,
    CARDEA_DATABASE_POOL: '6',
    CARDEA_DATABASE_TIMEOUT: String(settings.databaseMs),
    CARDEA_REQUEST_TIMEOUT: String(settings.requestMs),
    CARDEA_SHUTDOWN_TIMEOUT: String(settings.shutdownMs),
    CARDEA_SHUTDOWN_DELAY: String(settings.shutdownDelayMs),
    CARDEA_REFRESH_RETRY_WINDOW: String(settings.retryWindowMs / 1000),
    // Longer than a run with clocks apart by ten minutes: what was handed out must work until the end of it.
    CARDEA_ACCESS_TOKEN_TTL: '86400',
    CARDEA_SESSION_IDLE: '86400',
    CARDEA_TOTP_POLICY: 'optional',
    CARDEA_OUTBOUND_ALLOW: '127.0.0.1',
    CARDEA_RATE_LIMIT: '1000000',
    CARDEA_ADMIN_RATE_LIMIT: '1000000',
  }
}
