/**
 * The policy of our own pages: our stylesheet, our images, forms to ourselves and to the origins given; no framing, and no scripts.
 * `scripts`: our own script files too, on the few pages that need one; nothing inline, and they may ask nobody for anything.
 */
export function pagePolicy(formAction: readonly string[] = [], { scripts = false } = {}): string {
  const targets = ["'self'", ...formAction.filter(isSource)].join(' ')
  return [
    "default-src 'none'",
    ...(scripts ? ["script-src 'self'"] : []),
    "style-src 'self'",
    "img-src 'self' data:",
    `form-action ${targets}`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join('; ')
}

/**
 * The policy of pages the engine writes itself (OAuth 2.0 Form Post Response Mode). It adds the hash of its
 * one script to the empty `script-src`, and posts to a redirect URI we do not know here, so `form-action` is left out.
 */
export const enginePagePolicy = "default-src 'none'; script-src; frame-ancestors 'none'; base-uri 'none'"

/** The policy of answers that are no pages. */
export const dataPolicy = "default-src 'none'; frame-ancestors 'none'"

/**
 * The CSP source a form may lead to so that a browser follows the redirects to this redirect URI afterwards: its origin,
 * or its scheme for private-use schemes (RFC 8252 §7.1) and IPv6 literals, which CSP has no words for.
 * Returns undefined for a URI that has none; a source that could end its directive is never made.
 */
export function formActionSource(redirectUri: string): string | undefined {
  const url = URL.parse(redirectUri)
  if (!url) return undefined
  const source = /^https?:$/.test(url.protocol) && !url.hostname.startsWith('[') ? url.origin : url.protocol
  return isSource(source) ? source : undefined
}

// A host name may legally hold ";" or "," in the WHATWG URL syntax; in a policy it would begin another directive.
function isSource(source: string): boolean {
  return /^[a-z][a-z0-9+.-]*:(\/\/[a-z0-9._-]+(:\d+)?)?$/.test(source)
}
