import ipaddr from 'ipaddr.js'
import type { Configuration } from 'oidc-provider'
import { createOutboundGuard, guardedGet } from '../http/index.ts'

type Fetch = NonNullable<Configuration['fetch']>
type Options = Parameters<Fetch>[1]

/**
 * Our outgoing requests (a client's jwks_uri): public addresses only, which the engine's dispatcher enforces on the
 * connected socket, except for the hosts and networks an operator listed. Without that dispatcher nothing goes out.
 */
export function createOutboundFetch(allow: readonly string[]): Fetch {
  const guard = createOutboundGuard(allow)
  const networks = allow.filter((entry) => ipaddr.isValidCIDR(entry)).map((entry) => ipaddr.parseCIDR(entry))

  function isListed(host: string): boolean {
    if (allow.includes(host)) return true
    if (!ipaddr.isValid(host)) return false
    const ip = ipaddr.process(host)
    return networks.some((network) => network[0].kind() === ip.kind() && ip.match(network))
  }

  return async function outboundFetch(url, options) {
    const { dispatcher, ...rest } = options as Options & { dispatcher?: unknown }
    const { hostname } = new URL(url)
    const host = hostname.replace(/^\[|\]$/g, '')
    if (isListed(host)) return fetch(url, { ...rest, redirect: 'error' })
    // Where a name leads must be looked up once, by the connection itself: whoever owns it could say something else the second time.
    if (networks.length > 0 && !ipaddr.isValid(host))
      return guardedGet(guard, new URL(url), { headers: new Headers(rest.headers), signal: rest.signal })
    if (!dispatcher) throw new Error('outgoing requests are not protected on this runtime')
    return fetch(url, { ...rest, dispatcher, redirect: 'error' })
  }
}
