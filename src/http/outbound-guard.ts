import { lookup as resolve } from 'node:dns'
import type { LookupFunction } from 'node:net'
import ipaddr from 'ipaddr.js'

/** A request of ours would have gone to an address where it has no business (server-side request forgery). */
export class OutboundBlocked extends Error {
  override readonly name = 'OutboundBlocked'
}

export type OutboundGuard = {
  /** Throws `OutboundBlocked` for a host that is an address out of bounds; names are judged when they are resolved. */
  check(url: URL): void
  /** Resolves a name for the connection that is about to be made: what was judged is what is connected to. */
  lookup: LookupFunction
}

const ipv6Unicast = ipaddr.parseCIDR('2000::/3')

/**
 * Which addresses requests of ours may go to: public ones, and what the operator listed, by host name as it stands in the URL
 * or by network. A name of which any address is out of bounds is not asked at all.
 */
export function createOutboundGuard(allow: readonly string[]): OutboundGuard {
  const networks = allow.filter((entry) => ipaddr.isValidCIDR(entry)).map((entry) => ipaddr.parseCIDR(entry))

  function mayReach(host: string, address: string): boolean {
    if (allow.includes(host)) return true
    const ip = ipaddr.process(address.replace(/%.*$/, ''))
    return (
      isPublic(ip) ||
      networks.some(([network, bits]) => network.kind() === ip.kind() && ip.match(network, bits))
    )
  }

  return {
    check({ hostname }) {
      const host = hostname.replace(/^\[|\]$/g, '')
      if (ipaddr.isValid(host) && !mayReach(host, host)) throw new OutboundBlocked(host)
    },
    lookup(hostname, options, callback) {
      resolve(hostname, { ...options, all: true }, (error, addresses) => {
        if (error) return callback(error, [])
        const [first] = addresses
        if (!first || addresses.some(({ address }) => !mayReach(hostname, address)))
          return callback(new OutboundBlocked(hostname), [])
        if (options.all) callback(null, addresses)
        else callback(null, first.address, first.family)
      })
    },
  }
}

function isPublic(ip: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  if (ip.range() !== 'unicast') return false
  // Outside of it IPv6 has no public addresses, but some that mean an IPv4 one.
  return ip instanceof ipaddr.IPv4 || ip.match(ipv6Unicast)
}
