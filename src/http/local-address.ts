const LONGEST = 4000

/**
 * The path and query of an address on this server, or undefined for anything that a browser might take for another place:
 * `//evil.example`, `/\evil.example`, a scheme, control characters, what is longer than a page's address of ours can be.
 */
export function localAddress(value: string | undefined): string | undefined {
  if (value === undefined || value.length > LONGEST || !/^\/(?![/\\])[\x21-\x7E]*$/.test(value))
    return undefined
  const url = URL.parse(value, 'http://here.invalid')
  if (url?.host !== 'here.invalid') return undefined
  // Dots may have been resolved into what looked different before.
  return url.pathname.startsWith('//') ? undefined : `${url.pathname}${url.search}`
}
