import ipaddr from 'ipaddr.js'

type Address = ipaddr.IPv4 | ipaddr.IPv6

/** What a request says about its way here. */
export interface RequestPath {
  /** The socket's other end. */
  peer: string
  /** X-Forwarded-For as received, all lines joined. */
  forwardedFor: string
  /** X-Forwarded-Proto as received. */
  forwardedProto: string
  /** Whether the socket itself is TLS. */
  encrypted: boolean
}

/** Who is really asking, and over what. */
export interface Client {
  ip: string
  protocol: 'http' | 'https'
  /** Whether the peer is one of ours, so that its headers count. */
  viaProxy: boolean
}

/**
 * Makes the function that finds the client behind trusted proxies (addresses or CIDR networks).
 * From the socket inwards each trusted hop vouches for the X-Forwarded-For entry left of it; the first one that nobody
 * trusted is the client. An entry that is no address ends the walk: what stands left of it anyone may have written.
 * `Forwarded` and `X-Real-IP` are never looked at.
 */
export function clientFinder(trustedProxies: readonly string[]): (path: RequestPath) => Client {
  const networks = trustedProxies.map(parseNetwork)
  const trusts = (address: Address): boolean =>
    networks.some(([network, bits]) => network.kind() === address.kind() && address.match(network, bits))

  return ({ peer, forwardedFor, forwardedProto, encrypted }) => {
    const own = encrypted ? 'https' : 'http'
    const proxy = parseAddress(peer)
    if (!proxy || !trusts(proxy)) return { ip: proxy?.toString() ?? peer, protocol: own, viaProxy: false }
    const client = lastVouchedFor(proxy, forwardedFor.split(',').reverse(), trusts)
    // A list here would mean that a proxy added to what it was sent instead of overwriting it: then nobody knows.
    const stated = forwardedProto.toLowerCase()
    return {
      ip: client.toString(),
      protocol: stated === 'https' || stated === 'http' ? stated : own,
      viaProxy: true,
    }
  }
}

function lastVouchedFor(proxy: Address, entries: string[], trusts: (address: Address) => boolean): Address {
  let client = proxy
  for (const entry of entries) {
    const next = trusts(client) ? parseAddress(entry.trim()) : undefined
    if (!next) break
    client = next
  }
  return client
}

/** The block of addresses one subscriber commonly holds: an IPv4 address itself, an IPv6 address's /64. For counting. */
export function addressBlock(ip: string): string {
  const address = parseAddress(ip)
  if (!(address instanceof ipaddr.IPv6)) return address?.toString() ?? ip
  return `${new ipaddr.IPv6([...address.parts.slice(0, 4), 0, 0, 0, 0]).toString()}/64`
}

function parseNetwork(text: string): [Address, number] {
  if (text.includes('/')) return ipaddr.parseCIDR(text)
  const address = ipaddr.process(text)
  return [address, address.kind() === 'ipv4' ? 32 : 128]
}

// Some proxies write a port behind the address, in brackets for IPv6. IPv4 in IPv6 clothes is taken as IPv4.
function parseAddress(text: string): Address | undefined {
  const bare = /^\[([^\]]+)\](?::\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text
  const unzoned = bare.replace(/%.*$/, '')
  const isAddress = ipaddr.IPv4.isValidFourPartDecimal(unzoned) || ipaddr.IPv6.isValid(unzoned)
  return isAddress ? ipaddr.process(unzoned) : undefined
}
