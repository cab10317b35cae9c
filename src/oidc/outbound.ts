import { lookup } from 'node:dns/promises'
import ipaddr from 'ipaddr.js'
import type { Configuration } from 'oidc-provider'

type Fetch = NonNullable<Configuration['fetch']>
type Options = Parameters<Fetch>[1]

/**
 * Our outgoing requests (a client's jwks_uri): public addresses only, which the engine's dispatcher enforces on the
 * connected socket, except for the hosts and networks an operator listed. Without that dispatcher nothing goes out.
 */
export function createOutboundFetch(allow: readonly string[]): Fetch {
  return async function outboundFetch(url, options) {
    const { dispatcher, ...rest } = options as Options & { dispatcher?: unknown }
    const { hostname } = new URL(url)
    if (await isAllowed(hostname.replace(/^\[|\]$/g, ''), allow))
      return fetch(url, { ...rest, redirect: 'error' })
    if (!dispatcher) throw new Error('outgoing requests are not protected on this runtime')
    return fetch(url, { ...rest, dispatcher, redirect: 'error' })
  }
}

async function isAllowed(host: string, allow: readonly string[]): Promise<boolean> {
  if (allow.length === 0) return false
  if (allow.includes(host)) return true
  const networks = allow.filter((entry) => ipaddr.isValidCIDR(entry)).map((entry) => ipaddr.parseCIDR(entry))
  if (networks.length === 0) return false
  const addresses = ipaddr.isValid(host) ? [{ address: host }] : await lookup(host, { all: true })
  return addresses.every(({ address }) => {
    const ip = ipaddr.process(address)
    return networks.some((network) => network[0].kind() === ip.kind() && ip.match(network))
  })
}
