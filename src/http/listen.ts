import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { drainable } from './drain.ts'
import type { Drain } from './drain.ts'

/** Where and how tightly to listen. Times are milliseconds. */
export interface Listening {
  host: string
  /** 0 takes a free port. */
  port: number
  /** How long a client may take to send its headers. */
  headersTimeoutMs?: number
  /** How long a client may take to send a whole request. */
  requestTimeoutMs?: number
  /** How long an idle connection is kept. Longer than a proxy in front keeps it, or the proxy meets closed ones. */
  keepAliveTimeoutMs?: number
  /** Connections beyond this are closed at once. */
  maxConnections?: number
  /** Whether other processes may listen on the same port; the system then gives each its share of new connections. */
  shared?: boolean
}

/** A running listener. */
export interface Listener {
  url: string
  /** Resolves when all are gone (`clean`) or were cut at the deadline (`forced`). Flip readiness before (FT-08). */
  close: Drain
}

/** Thrown when the address cannot be had; the message says what to do. */
export class ListenError extends Error {
  override readonly name = 'ListenError'
  readonly code: string

  constructor(code: string, message: string, cause: unknown) {
    super(message, { cause })
    this.code = code
  }
}

/**
 * Listens for an app (Koa, or a plain request listener). Node's own limits are loose (five minutes for a request, looked
 * at twice a minute); these stop slow senders within seconds (FT-18). Throws a ListenError with code EADDRINUSE, EACCES or
 * EADDRNOTAVAIL when the address cannot be had.
 */
export async function listen(
  app: { callback: () => RequestListener } | RequestListener,
  {
    host,
    port,
    headersTimeoutMs = 5000,
    requestTimeoutMs = 10_000,
    keepAliveTimeoutMs = 65_000,
    maxConnections = 4096,
    shared = false,
  }: Listening,
): Promise<Listener> {
  const server = createServer({
    headersTimeout: headersTimeoutMs,
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    connectionsCheckingInterval: Math.min(1000, headersTimeoutMs),
    maxHeaderSize: 16 * 1024,
  })
  server.maxConnections = maxConnections
  const close = drainable(server)
  server.on('request', typeof app === 'function' ? app : app.callback())

  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(explain(error, host, port)))
    server.listen({ port, host, reusePort: shared }, resolve)
  })
  return { url: urlOf(host, (server.address() as AddressInfo).port), close }
}

function urlOf(host: string, port: number): string {
  if (host === '0.0.0.0' || host === '::') return `http://localhost:${port}`
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}

function explain(error: NodeJS.ErrnoException, host: string, port: number): ListenError {
  const code = error.code ?? 'UNKNOWN'
  const reasons: Record<string, string> = {
    EADDRINUSE: `Port ${port} on ${host} is taken. Stop the program that uses it, or choose another port.`,
    EACCES: `Port ${port} on ${host} may not be used by this user. Choose a port above 1023.`,
    ENOTSUP: `This system does not let several processes share port ${port}; Linux does. Set CARDEA_WORKERS=1.`,
    EADDRNOTAVAIL: `${host} is not an address of this machine. Choose another address to listen on.`,
  }
  return new ListenError(code, reasons[code] ?? `Cannot listen on ${host}, port ${port} (${code}).`, error)
}
