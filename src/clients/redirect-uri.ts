const loopback = new Set(['127.0.0.1', '[::1]', 'localhost'])
const neverASchemeOfOurs = new Set([
  'javascript:',
  'data:',
  'vbscript:',
  'file:',
  'blob:',
  'about:',
  'ws:',
  'wss:',
  'ftp:',
])

/**
 * Why a redirect URI may not be registered, or null. https everywhere; http on loopback only; a private-use scheme
 * (RFC 8252 section 7.1: with a dot, as in com.example.app) for native clients only. No wildcards, fragments,
 * credentials or path tricks: the comparison at the authorization endpoint is of exact strings (RFC 9700 section 2.1).
 */
export function redirectUriProblem(uri: string, applicationType: 'web' | 'native'): string | null {
  if (!/^[\x21-\x7e]+$/.test(uri)) return 'contains spaces, control or non-ASCII characters'
  if (/[*\\<>"]/.test(uri)) return 'contains a wildcard or a character that must be encoded'
  const url = URL.parse(uri)
  if (!url) return 'is not an absolute URI'
  if (neverASchemeOfOurs.has(url.protocol)) return `the scheme ${url.protocol} is never allowed`
  if (uri.includes('#')) return 'must not have a fragment (RFC 6749 section 3.1.2)'
  if (url.username || url.password || /^[a-z][a-z0-9+.-]*:\/\/[^/?]*@/i.test(uri))
    return 'must not contain credentials'
  if (/(^|\/)(\.|%2e){1,2}(\/|;|\?|$)/i.test(uri.slice(url.protocol.length + 2)))
    return 'must not contain dot segments'
  if (/%(?![0-9a-f]{2})|%00/i.test(uri)) return 'contains invalid percent-encoding'
  // A claimed https address is one the app can prove to own (RFC 8252 section 7.2); the loopback interface is plain http.
  if (url.protocol === 'https:' && applicationType === 'native' && loopback.has(url.hostname))
    return 'a native client uses http on loopback'
  if (url.protocol === 'https:')
    return url.href.startsWith(uri.split(/[?#]/)[0] ?? '') || url.href === `${uri}/`
      ? null
      : 'is not in normal form'
  if (url.protocol === 'http:')
    return loopback.has(url.hostname) ? null : 'http is allowed on loopback only: use https'
  if (applicationType !== 'native') return `the scheme ${url.protocol} is for native clients only`
  return url.protocol.includes('.')
    ? null
    : 'a private-use scheme must be a reversed domain name (RFC 8252 section 7.1)'
}
