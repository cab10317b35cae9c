/**
 * An address fit for a link, or undefined. Clients register these, so only web addresses, a native app's private-use
 * scheme (RFC 8252 §7.1: it contains a dot) and our own paths pass; `javascript:` and its kin do not.
 */
export function outboundLink(uri: string | undefined): string | undefined {
  if (uri === undefined) return undefined
  if (/^\/(?![/\\])/.test(uri)) return uri
  if (!URL.canParse(uri)) return undefined
  const { protocol, href } = new URL(uri)
  return protocol === 'https:' || protocol === 'http:' || protocol.includes('.') ? href : undefined
}

export function otpauthLink(uri: string): string | undefined {
  return uri.startsWith('otpauth://') ? uri : undefined
}

export function imageSource(svg: string): string {
  return svg.startsWith('data:image/')
    ? svg
    : `data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}`
}

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** The letter on the client's tile: the first letter or digit of its name, else the first sign. */
export function initial(name: string): string {
  const signs = Array.from(graphemes.segment(name.trim()), ({ segment }) => segment)
  return (signs.find((sign) => /[\p{L}\p{N}]/u.test(sign)) ?? signs[0] ?? '?').toUpperCase()
}

export function groupsOfFour(secret: string): string[] {
  return secret.replaceAll(/\s/g, '').match(/.{1,4}/g) ?? []
}

export function textFile(lines: string[]): string {
  return `data:text/plain;charset=utf-8,${encodeURIComponent(lines.join('\r\n') + '\r\n')}`
}
