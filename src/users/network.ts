import ipaddr from 'ipaddr.js'

/**
 * The network that an address is counted under: an IPv4 address by itself, also when written as IPv6; an IPv6 address by its
 * first 64 bits, because one customer has all the rest. Whatever is no address shares one name, so that garbage buys nobody
 * fresh attempts (TH-06).
 */
export function networkOf(address: string): string {
  return networksOf(address)[0]?.name ?? 'unknown'
}

/**
 * Every network that an address is counted under, the narrowest first, and how many times as much as the narrowest each may have. An IPv6
 * customer may hold a /56 or a /48, which is 256 or 65,536 networks of 64 bits: changing between them must not buy as many attempts.
 */
export function networksOf(address: string): { name: string; times: number }[] {
  if (!ipaddr.isValid(address)) return [{ name: 'unknown', times: 1 }]
  const parsed = ipaddr.process(address)
  const bytes = parsed.toByteArray()
  if (parsed.kind() === 'ipv4') return [{ name: bytes.join('.'), times: 1 }]
  return [
    { name: prefix(bytes, 64), times: 1 },
    { name: prefix(bytes, 56), times: 2 },
    { name: prefix(bytes, 48), times: 4 },
  ]
}

/** The widest network that an address is counted under: for what somebody who holds a whole /48 must not have several times. */
export function widestNetworkOf(address: string): string {
  return networksOf(address).at(-1)?.name ?? 'unknown'
}

function prefix(bytes: number[], bits: number): string {
  return `${Buffer.from(bytes.slice(0, bits / 8)).toString('hex')}::/${bits}`
}
