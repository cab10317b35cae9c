/** A request target taken apart (RFC 9112 §3.2). */
export interface RequestTarget {
  /** Path and query; `unreadable` when the target has none. */
  pathAndQuery: string
  /** Scheme and authority of a target in absolute form, in lower case. */
  origin?: { scheme: string; authority: string }
}

/** Stands for a target that is no path; no route has it. */
export const unreadable = '/.unreadable'

const absoluteForm = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)(.*)$/i
const originForm = /^\/[!-"$-~]*$/

/**
 * Takes a request target apart. Koa and the URL parsers below it throw on some that are no plain path (`http://`), each
 * time anyone asks for `ctx.path`; so what is not a path of printable ASCII becomes `unreadable` before anybody asks.
 */
export function readTarget(target: string): RequestTarget {
  const [, scheme, authority, rest] = absoluteForm.exec(target) ?? []
  if (scheme === undefined || authority === undefined || rest === undefined)
    return { pathAndQuery: pathOf(target) }
  const origin = { scheme: scheme.toLowerCase(), authority: authority.toLowerCase() }
  return { pathAndQuery: pathOf(rest.startsWith('/') ? rest : `/${rest}`), origin }
}

function pathOf(target: string): string {
  return originForm.test(target) ? target : unreadable
}
