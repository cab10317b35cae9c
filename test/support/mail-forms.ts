import type { Answer } from './http-client.ts'
import type { TestServer } from './server.ts'
import { createUserAgent, formOf } from './user-agent.ts'
import type { UserAgent } from './user-agent.ts'

let serial = 0

/** An address nobody has used, so that no counter of another test stands in the way; the server must trust 127.0.0.1 as a proxy. */
export function fromElsewhere(): Record<string, string> {
  serial += 1
  return { 'x-forwarded-for': `198.51.${100 + Math.floor(serial / 250)}.${serial % 250}` }
}

/** Asks for a new password as a person does. */
export async function askForReset(
  server: TestServer,
  email: string,
  { agent = createUserAgent(server), headers = fromElsewhere() }: Sitting = {},
): Promise<Answer> {
  const form = formOf(await agent.get('/forgot'), /\/forgot$/)
  return agent.post(form.action, { ...form.fields, email }, { headers })
}

/** Types a code on the page that waits for it. */
export async function typeCode(
  agent: UserAgent,
  path: '/forgot/check' | '/register/check' | '/account/email/check',
  code: string,
  headers = fromElsewhere(),
): Promise<Answer> {
  const form = formOf(await agent.get(path), /\/check$/)
  return agent.post(form.action, { ...form.fields, code }, { headers })
}

/** Sets a password on the page of a link. */
export async function choosePassword(agent: UserAgent, path: string, password: string): Promise<Answer> {
  const form = formOf(await agent.get(path), /\/account\/password$/)
  return agent.post(form.action, { ...form.fields, password })
}

/** All of an answer that anybody can see, without what differs from one request to the next anyway. */
export function visible({ status, headers, text, location }: Answer, email: string): unknown {
  const varying = ['date', 'x-request-id', 'connection', 'keep-alive', 'content-length']
  const kept = Object.entries(headers)
    .filter(([name]) => !varying.includes(name))
    .map(([name, value]) => [name, name === 'set-cookie' ? (value as string[]).map(withoutValue) : value])
  const page = text.replaceAll(email, 'EMAIL').replaceAll(/name="csrf" value="[^"]+"/g, 'CSRF')
  return { status, location, headers: Object.fromEntries(kept) as unknown, page }
}

function withoutValue(cookie: string): string {
  return cookie.replace(/=[^;]*/, '=').replace(/expires=[^;]*/, 'expires')
}

/** How often a value of the first list is above one of the second (Mann–Whitney's U, as a share): a half means no difference. */
export function shareAbove(these: readonly number[], those: readonly number[]): number {
  const above = these.reduce((sum, one) => sum + those.filter((other) => one > other).length, 0)
  const equal = these.reduce((sum, one) => sum + those.filter((other) => one === other).length, 0)
  return (above + equal / 2) / (these.length * those.length)
}

type Sitting = { agent?: UserAgent; headers?: Record<string, string> }
