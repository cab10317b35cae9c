import { createOutboundGuard, OutboundBlocked } from '../../http/index.ts'
import { invalidContent } from '../frame/validate.ts'

/**
 * The address as it is kept. Throws 422 for what no message will be sent to: something else than http(s), plain http where people come by
 * https, credentials, addresses that are not public and not allowed by the operator. Names are judged each time a message is sent, by what
 * they resolve to then.
 */
export function receiverUrl(
  text: string,
  { issuer, outboundAllow }: { issuer: string; outboundAllow: readonly string[] },
): string {
  const url = URL.parse(text)
  if (!url || !/^https?:$/.test(url.protocol)) throw wrong('must be an https address')
  if (url.username !== '' || url.password !== '') throw wrong('must not carry a user name or password')
  if (url.hash !== '') throw wrong('must have no fragment')
  const isAllowed = outboundAllow.includes(url.hostname)
  if (url.protocol === 'http:' && issuer.startsWith('https:') && !isAllowed)
    throw wrong('must be an https address, unless CARDEA_OUTBOUND_ALLOW names the host')
  if (/(^|\.)localhost\.?$/.test(url.hostname) && !isAllowed) throw notPublic()
  try {
    createOutboundGuard(outboundAllow).check(url)
  } catch (error) {
    throw error instanceof OutboundBlocked ? notPublic() : error
  }
  return url.href
}

function notPublic() {
  return wrong('must be a public address, unless CARDEA_OUTBOUND_ALLOW names it')
}

function wrong(detail: string) {
  return invalidContent([{ pointer: '/url', detail }])
}
