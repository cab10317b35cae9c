// Turns the environment into settings, all problems at once. main.ts hands `process.env` in, so tests can hand in an object.

/** What the sample app needs to know to be a client of an issuer and to guard its API. */
export interface SampleOptions {
  /** The issuer identifier, exactly as the issuer spells it in discovery. */
  issuer: URL
  /** Where browsers reach this app; the redirect URIs and the cookie's `Secure` flag follow from it. */
  baseUrl: URL
  clientId: string
  clientSecret: string
  /** Signs the session cookie; at least 32 characters. */
  cookieKey: string
  api: {
    /** The API's resource indicator (RFC 8707): the audience its access tokens must carry. */
    resource: string
    /** The API's own client, used for introspection (RFC 7662). */
    clientId: string
    clientSecret: string
    /** The `acr` values that open its invoices, the weakest first: all of them, because names have no order. */
    acrValues: readonly string[]
  }
}

export type Settings =
  { ok: true; host: string; port: number; options: SampleOptions } | { ok: false; problems: string[] }

/**
 * Reads the `SAMPLE_*` variables.
 * Refuses with one sentence per problem when a secret is missing, an address is not a URL, or the issuer is plain http
 * anywhere but on this machine.
 */
export function readSettings(env: NodeJS.ProcessEnv): Settings {
  const problems: string[] = []

  const required = (name: string, minimum = 1): string => {
    const value = env[name] ?? ''
    if (value === '') problems.push(`${name} is not set.`)
    else if (value.length < minimum) problems.push(`${name} must have at least ${minimum} characters.`)
    return value
  }
  const address = (name: string, fallback: string): URL => {
    const url = URL.parse(env[name] ?? fallback)
    if (url && /^https?:$/.test(url.protocol)) return url
    problems.push(`${name} is not an http(s) address.`)
    return new URL(fallback)
  }

  const port = Number(env['SAMPLE_PORT'] ?? '3100')
  if (!Number.isInteger(port) || port < 1 || port > 65535) problems.push('SAMPLE_PORT is not a port number.')

  const issuer = address('SAMPLE_ISSUER', 'http://localhost:3000')
  if (issuer.protocol === 'http:' && !isLoopback(issuer))
    problems.push('SAMPLE_ISSUER must be https unless it runs on this machine.')

  const baseUrl = address('SAMPLE_BASE_URL', 'http://localhost:3100')
  if (baseUrl.href !== `${baseUrl.origin}/`)
    problems.push('SAMPLE_BASE_URL must be an origin: scheme, host and port.')

  const options: SampleOptions = {
    issuer,
    baseUrl,
    clientId: required('SAMPLE_CLIENT_ID'),
    clientSecret: required('SAMPLE_CLIENT_SECRET'),
    cookieKey: required('SAMPLE_COOKIE_KEY', 32),
    api: {
      resource: env['SAMPLE_API_RESOURCE'] ?? `${baseUrl.origin}/api`,
      clientId: required('SAMPLE_API_CLIENT_ID'),
      clientSecret: required('SAMPLE_API_CLIENT_SECRET'),
      acrValues: (env['SAMPLE_API_ACR_VALUES'] ?? 'urn:cardea:acr:mfa').split(' '),
    },
  }
  if (problems.length > 0) return { ok: false, problems }
  return { ok: true, host: env['SAMPLE_HOST'] ?? '127.0.0.1', port, options }
}

/** True for addresses that never leave this machine; only there may an issuer speak plain http. */
export function isLoopback(url: URL): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(url.hostname)
}
