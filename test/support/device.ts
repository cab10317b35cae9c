import type { StoredClient } from '../../src/clients/index.ts'
import { basic } from './http-client.ts'
import type { Answer } from './http-client.ts'
import { addClient } from './people.ts'
import type { Person } from './people.ts'
import type { TestServer } from './server.ts'
import { askToken, walk } from './sign-in.ts'
import type { Options } from './sign-in.ts'
import { createUserAgent, formOf } from './user-agent.ts'
import type { UserAgent } from './user-agent.ts'

export const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code'

type Asked = Pick<TestServer, 'ask'>
type App = StoredClient & { secret: string }

/** What a device is told when it begins (RFC 8628 section 3.2). */
export type Started = {
  device_code: string
  user_code: string
  verification_uri: string
  verification_uri_complete: string
  expires_in: number
  interval: number
}

/** An app on a device: public, refreshable, without any redirect URI, unless told otherwise. */
export function addDeviceApp(
  server: TestServer,
  { metadata, ...input }: NonNullable<Parameters<typeof addClient>[1]> = {},
): Promise<App> {
  return addClient(server, {
    name: 'Acme TV',
    ...input,
    metadata: {
      redirect_uris: [],
      post_logout_redirect_uris: [],
      grant_types: [DEVICE_GRANT, 'refresh_token'],
      token_endpoint_auth_method: 'none',
      ...metadata,
    },
  })
}

/** The device authorization request (section 3.1). */
export function askForCode(server: Asked, app: App, params: Record<string, string> = {}): Promise<Answer> {
  const isPublic = app.metadata.token_endpoint_auth_method === 'none'
  return server.ask('/device_authorization', {
    body: { scope: 'openid', ...(isPublic ? { client_id: app.id } : {}), ...params },
    headers: isPublic ? {} : basic(app.id, app.secret),
  })
}

export async function startDevice(
  server: Asked,
  app: App,
  params: Record<string, string> = {},
): Promise<Started> {
  const answer = await askForCode(server, app, params)
  if (answer.status !== 200) throw new Error(`${answer.status}: ${answer.text}`)
  return answer.json<Started>()
}

/** The device asks whether it has been answered (section 3.4). */
export function poll(
  server: Asked,
  app: App,
  { device_code }: Pick<Started, 'device_code'>,
): Promise<Answer> {
  return askToken(server, app, { grant_type: DEVICE_GRANT, device_code })
}

/** The device has waited, as far as the server can tell. */
export async function waitedLong({ database }: TestServer): Promise<void> {
  await database.pool.query(
    `UPDATE tokens SET next_poll_at = now() - interval '1 second' WHERE next_poll_at IS NOT NULL`,
  )
}

/** What a poll was answered with: its error, or its status. */
export function verdictOf(answer: Answer): string {
  return answer.status === 400 ? String(answer.json()['error']) : String(answer.status)
}

/** A person types a code and says the device is theirs, or not. */
export async function enterCode(
  agent: UserAgent,
  userCode: string,
  decision: 'confirm' | 'abort' | 'look' = 'confirm',
): Promise<Answer> {
  const { action, fields } = formOf(await agent.get('/device'))
  const typed = await agent.post(action, { ...fields, user_code: userCode })
  const page = typed.location === undefined ? typed : await agent.get(typed.location)
  if (decision === 'look' || !page.text.includes('name="confirm"')) return page
  const question = formOf(page)
  return agent.post(question.action, { ...question.fields, [decision]: 'yes' })
}

/** A person connects the device: code, confirmation, sign-in, consent. */
export async function connect(
  server: TestServer,
  { user_code }: Pick<Started, 'user_code'>,
  person: Person,
  { agent = createUserAgent(server), ...options }: Options & { agent?: UserAgent } = {},
): Promise<Answer> {
  const answer = await enterCode(agent, user_code)
  return answer.location === undefined ? answer : walk(server, agent, answer.location, person, options)
}
