import { createHash, randomBytes } from 'node:crypto'
import type { Ask, Observer, Reply } from './observer.ts'

export type Person = { email: string; password: string }
export type App = { id: string; secret: string | null; redirectUri: string }
export type Code = { code: string; verifier: string }

const HOPS = 12

/**
 * Signs a person in with a browser of their own, each request sent again as long as nobody answers. Null when that led nowhere: a
 * browser whose answer was lost may find its sign-in used up, and begins anew.
 */
export async function signIn(
  observer: Observer,
  issuer: string,
  person: Person,
  app: App,
): Promise<Code | null> {
  const cookies = new Map<string, { value: string; path: string }>()
  const verifier = randomBytes(32).toString('base64url')

  async function visit(path: string, form?: Record<string, string>): Promise<Reply> {
    const url = new URL(path, issuer)
    const fitting = [...cookies].filter(([, cookie]) => covers(cookie.path, url.pathname))
    const headers = {
      accept: 'text/html',
      origin: issuer,
      cookie: fitting.map(([key, { value }]) => `${nameIn(key)}=${value}`).join('; '),
    }
    const asked: Ask = form ? { headers, form } : { headers }
    const { reply } = await observer.insist('sign-in', url.href, asked)
    for (const line of reply.headers.getSetCookie()) keep(cookies, line)
    return reply
  }

  const query = new URLSearchParams({
    ...{ client_id: app.id, redirect_uri: app.redirectUri, response_type: 'code', scope: 'openid' },
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  })
  let reply = await visit(`/authorize?${query.toString()}`)
  for (let hops = 0; hops < HOPS; hops += 1) {
    const location = reply.headers.get('location')
    if (location?.startsWith(app.redirectUri)) {
      const code = new URL(location).searchParams.get('code')
      return code === null ? null : { code, verifier }
    }
    if (location !== null) reply = await visit(location)
    else {
      const login = formFor(reply.text, 'login')
      if (!login || reply.status !== 200) return null
      reply = await visit(login.action, { ...login.fields, ...person })
    }
  }
  return null
}

function keep(cookies: Map<string, { value: string; path: string }>, line: string): void {
  const [pair = '', ...attributes] = line.split('; ')
  const [name, value] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]
  const path = attributes.find((attribute) => /^path=/i.test(attribute))?.slice(5) ?? '/'
  if (value === '' || /expires=Thu, 01 Jan 1970/i.test(line)) cookies.delete(`${path} ${name}`)
  else cookies.set(`${path} ${name}`, { value, path })
}

function nameIn(key: string): string {
  return key.slice(key.indexOf(' ') + 1)
}

function covers(path: string, pathname: string): boolean {
  return pathname === path || pathname.startsWith(path.endsWith('/') ? path : `${path}/`)
}

function formFor(page: string, step: string): { action: string; fields: Record<string, string> } | null {
  const form = new RegExp(`<form\\b[^>]*action="([^"]*/${step})"[^>]*>([\\s\\S]*?)</form>`).exec(page)
  if (!form) return null
  const fields: Record<string, string> = {}
  for (const [tag] of (form[2] ?? '').matchAll(/<input\b[^>]*type="hidden"[^>]*>/g)) {
    const name = /\bname="([^"]*)"/.exec(tag)?.[1]
    if (name !== undefined) fields[name] = /\bvalue="([^"]*)"/.exec(tag)?.[1] ?? ''
  }
  return { action: form[1] ?? '', fields }
}
