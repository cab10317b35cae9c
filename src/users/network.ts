import ipaddr from 'ipaddr.js'

/**
 * The network that an address is counted under: an IPv4 address by itself, also when written as IPv6; an IPv6 address by its
 * first 64 bits, because one customer has all the rest. Whatever is no address shares one name, so that garbage buys nobody
 * fresh attempts (TH-06).
 */
export function networkOf(address: string): string {
  if (!ipaddr.isValid(address)) return 'unknown'
  const parsed = ipaddr.process(address)
  const bytes = parsed.toByteArray()
  return parsed.kind() === 'ipv4' ? bytes.join('.') : `${Buffer.from(bytes.slice(0, 8)).toString('hex')}::/64`
}
