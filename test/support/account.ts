import { authenticated } from './sessions.ts'
import type { Answer } from './http-client.ts'
import type { Person } from './people.ts'
import type { TestServer } from './server.ts'
import { walk } from './sign-in.ts'
import { createUserAgent, formOf } from './user-agent.ts'
import type { UserAgent } from './user-agent.ts'

/** Somebody at their account pages, in a browser of their own. */
export type AtAccount = { agent: UserAgent; person: Person; page: Answer }

/** A person signs in at an account page as anybody would: by asking for it. */
export async function atAccount(
  server: TestServer,
  person: Person,
  path = '/account',
  agent = createUserAgent(server),
): Promise<AtAccount> {
  const page = await walk(server, agent, path, person)
  if (page.status !== 200)
    throw new Error(`${path}: ${page.status} ${page.location} ${page.text.slice(0, 500)}`)
  return { agent, person, page }
}

/** The same some time later: signed in still, but not lately. */
export async function later(
  server: TestServer,
  { person }: Pick<AtAccount, 'person'>,
  { secondsAgo = 301 } = {},
): Promise<void> {
  await authenticated(server, person, { secondsAgo })
}

/** The CSRF token of the account pages in this browser. */
export async function csrfOf(agent: UserAgent): Promise<string> {
  return formOf(await agent.get('/account'), /sign-out$/).fields['csrf'] ?? ''
}

/** Fills in the form that posts to `action` on a page, with its hidden fields. */
export async function send(
  agent: UserAgent,
  page: Answer,
  action: RegExp,
  values: Record<string, string> = {},
): Promise<Answer> {
  const form = formOf(page, action)
  return agent.post(form.action, { ...form.fields, ...values })
}

/** Whether an answer sends the browser to sign in for the account pages, and with what. */
export function signInAsked({ status, location }: Answer): URLSearchParams | null {
  if (status !== 303 || location?.startsWith('/authorize?') !== true) return null
  const params = new URLSearchParams(location.slice('/authorize?'.length))
  return params.get('client_id') === 'cardea-account' ? params : null
}
