import type { Config } from './config.ts'
import type { Keys } from './keys.ts'
import type { Values } from './variables.ts'

/** Arranges values that passed every check into the Config other rooms know, and freezes it to the last field. */
export function assemble(values: Values, keys: Keys): Config {
  const issuer = values.CARDEA_ISSUER ?? `http://localhost:${values.CARDEA_PORT}`
  const config: Config = {
    mode: values.CARDEA_MODE,
    issuer,
    listen: { host: values.CARDEA_HOST, port: values.CARDEA_PORT },
    ops: { host: values.CARDEA_OPS_HOST, port: values.CARDEA_OPS_PORT, names: values.CARDEA_OPS_HOSTS },
    looks: {
      name: values.CARDEA_NAME,
      language: values.CARDEA_LANGUAGE,
      viewsDir: values.CARDEA_VIEWS_DIR,
    },
    workers: values.CARDEA_WORKERS,
    samplePort: values.CARDEA_SAMPLE_PORT,
    dataDir: values.CARDEA_DATA_DIR,
    logLevel: values.CARDEA_LOG_LEVEL,
    tracing:
      values.OTEL_EXPORTER_OTLP_ENDPOINT === undefined
        ? null
        : {
            endpoint: values.OTEL_EXPORTER_OTLP_ENDPOINT,
            headers: values.OTEL_EXPORTER_OTLP_HEADERS ?? {},
            ratio: values.OTEL_TRACES_SAMPLER_ARG,
          },
    database: {
      url: values.DATABASE_URL,
      directUrl: values.CARDEA_DIRECT_DATABASE_URL,
      poolMax: values.CARDEA_DATABASE_POOL,
      statementTimeoutMs: values.CARDEA_DATABASE_TIMEOUT,
    },
    worker: { inServer: values.CARDEA_JOBS, databaseUrl: values.CARDEA_JOBS_DATABASE_URL },
    keys,
    signingKeys: { rotationDays: values.CARDEA_KEY_ROTATION_DAYS },
    audit: { retentionDays: values.CARDEA_AUDIT_RETENTION_DAYS },
    http: {
      trustedProxies: values.CARDEA_TRUSTED_PROXIES,
      requestTimeoutMs: values.CARDEA_REQUEST_TIMEOUT,
      shutdownTimeoutMs: values.CARDEA_SHUTDOWN_TIMEOUT,
      shutdownDelayMs: values.CARDEA_MODE === 'development' ? 0 : values.CARDEA_SHUTDOWN_DELAY,
    },
    outbound: {
      allowHosts: values.CARDEA_OUTBOUND_ALLOW.hosts,
      allowNetworks: values.CARDEA_OUTBOUND_ALLOW.networks,
    },
    broker:
      values.CARDEA_BROKER_URL === undefined
        ? null
        : {
            url: values.CARDEA_BROKER_URL,
            exchange: values.CARDEA_BROKER_EXCHANGE,
            queue: values.CARDEA_BROKER_QUEUE,
          },
    mail: {
      transport:
        values.CARDEA_SMTP_URL !== undefined
          ? 'smtp'
          : values.CARDEA_MODE === 'development'
            ? 'mailbox'
            : 'none',
      smtpUrl: values.CARDEA_SMTP_URL,
      from: values.CARDEA_MAIL_FROM ?? { name: '', address: `no-reply@${new URL(issuer).hostname}` },
    },
    registration: { policy: values.CARDEA_REGISTRATION, domains: values.CARDEA_REGISTRATION_DOMAINS },
    sessions: { idleSeconds: values.CARDEA_SESSION_IDLE, absoluteSeconds: values.CARDEA_SESSION_ABSOLUTE },
    tokens: {
      accessSeconds: values.CARDEA_ACCESS_TOKEN_TTL,
      statusListTtlSeconds: values.CARDEA_STATUS_LIST_TTL,
      refreshIdleSeconds: values.CARDEA_REFRESH_TOKEN_IDLE,
      refreshAbsoluteSeconds: values.CARDEA_REFRESH_TOKEN_ABSOLUTE,
      refreshRetryWindowSeconds: values.CARDEA_REFRESH_RETRY_WINDOW,
    },
    acr: values.CARDEA_ACR,
    secondFactor: { totp: values.CARDEA_TOTP_POLICY, trustedBrowserDays: values.CARDEA_TRUSTED_BROWSER_DAYS },
    passwords: {
      memoryKiB: values.CARDEA_ARGON2_MEMORY_KIB,
      passes: values.CARDEA_ARGON2_PASSES,
      parallelism: values.CARDEA_ARGON2_PARALLELISM,
      concurrency: values.CARDEA_HASH_CONCURRENCY,
      leastScore: values.CARDEA_PASSWORD_SCORE,
      breached: values.CARDEA_BREACHED_PASSWORDS,
    },
    geoDatabase: values.CARDEA_GEO_DATABASE,
    signals: { defaultSubjects: values.CARDEA_SIGNALS_DEFAULT_SUBJECTS },
    limits: {
      signInStartsPerMinute: values.CARDEA_RATE_LIMIT,
      adminRequestsPerMinute: values.CARDEA_ADMIN_RATE_LIMIT,
      stuffingFailures: values.CARDEA_STUFFING_THRESHOLD,
    },
  }
  return deepFreeze(config)
}

function deepFreeze<T extends object>(value: T): T {
  for (const part of Object.values(value) as unknown[]) {
    // The bytes of a Buffer cannot be frozen; the list that holds it is.
    if (typeof part === 'object' && part !== null && !Buffer.isBuffer(part)) deepFreeze(part)
  }
  return Object.freeze(value)
}
