import type { Answer, Ask } from './http-client.ts'
import type { Instance, TestServer } from './server.ts'

type Cookie = { name: string; value: string; path: string }

/** A browser reduced to what a protocol test needs: cookies by path, forms, and redirects one at a time. */
export type UserAgent = {
  cookies: Cookie[]
  get(path: string, ask?: Ask): Promise<Answer>
  post(path: string, body: Record<string, string> | URLSearchParams, ask?: Ask): Promise<Answer>
  /** A copy with the same cookies: another tab, or a thief. */
  clone(): UserAgent
}

/** Every request goes to the next instance in turn, as behind a balancer without stickiness. */
export function createUserAgent(
  server: Pick<TestServer, 'instances' | 'issuer'>,
  cookies: Cookie[] = [],
): UserAgent {
  let turn = 0
  const next = (): Instance => {
    const instance = server.instances[turn % server.instances.length]
    turn += 1
    if (!instance) throw new Error('no instance')
    return instance
  }
  const agent: UserAgent = {
    cookies,
    async get(path, ask = {}) {
      const target = local(path, server.issuer)
      const answer = await next().ask(target, {
        ...ask,
        headers: { accept: 'text/html', ...cookieHeader(cookies, target), ...ask.headers },
      })
      keep(cookies, answer)
      return answer
    },
    async post(path, body, ask = {}) {
      const target = local(path, server.issuer)
      const headers = {
        accept: 'text/html',
        origin: server.issuer,
        'sec-fetch-site': 'same-origin',
        ...cookieHeader(cookies, target),
        ...ask.headers,
      }
      const answer = await next().ask(target, { ...ask, method: 'POST', body, headers })
      keep(cookies, answer)
      return answer
    },
    clone: () =>
      createUserAgent(
        server,
        cookies.map((cookie) => ({ ...cookie })),
      ),
  }
  return agent
}

function local(path: string, issuer: string): string {
  return path.startsWith(issuer) ? path.slice(issuer.length) : path
}

function cookieHeader(cookies: Cookie[], target: string): { cookie?: string } {
  const path = target.split('?')[0] ?? '/'
  const fitting = cookies.filter(
    (cookie) =>
      path === cookie.path || path.startsWith(cookie.path.endsWith('/') ? cookie.path : `${cookie.path}/`),
  )
  // As browsers do (RFC 6265 section 5.4): the cookie of the longer path comes first.
  fitting.sort((one, other) => other.path.length - one.path.length)
  return fitting.length === 0
    ? {}
    : { cookie: fitting.map(({ name, value }) => `${name}=${value}`).join('; ') }
}

function keep(cookies: Cookie[], { headers }: Answer): void {
  for (const line of headers['set-cookie'] ?? []) {
    const [pair = '', ...attributes] = line.split('; ')
    const [name, value] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]
    const path = attributes.find((attribute) => /^path=/i.test(attribute))?.slice(5) ?? '/'
    const at = cookies.findIndex((cookie) => cookie.name === name && cookie.path === path)
    if (at >= 0) cookies.splice(at, 1)
    if (!/expires=Thu, 01 Jan 1970/i.test(line) && value !== '') cookies.push({ name, value, path })
  }
}

/** The action and hidden fields of the first form on a page. */
export function formOf(
  { text }: Answer,
  action?: RegExp,
): { action: string; fields: Record<string, string> } {
  const forms = [...text.matchAll(/<form\b[^>]*action="([^"]*)"[^>]*>([\s\S]*?)<\/form>/g)]
  const form = forms.find(([, to = '']) => action === undefined || action.test(to))
  if (!form) throw new Error(`no form${action ? ` for ${action}` : ''} on: ${text.slice(0, 400)}`)
  const fields: Record<string, string> = {}
  for (const [tag] of (form[2] ?? '').matchAll(/<input\b[^>]*>/g)) {
    const name = /\bname="([^"]*)"/.exec(tag)?.[1]
    const type = /\btype="([^"]*)"/.exec(tag)?.[1]
    if (name !== undefined && type === 'hidden')
      fields[name] = unescapeHtml(/\bvalue="([^"]*)"/.exec(tag)?.[1] ?? '')
  }
  return { action: unescapeHtml(form[1] ?? ''), fields }
}

function unescapeHtml(text: string): string {
  return text
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
}
