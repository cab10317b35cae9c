import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import pg from 'pg'
import { setClientDisabled } from '../../src/clients/index.ts'
import { revoke } from '../../src/oidc/index.ts'
import type { Selector } from '../../src/oidc/index.ts'
import { setDisabled } from '../../src/users/index.ts'
import { addDeviceApp, connect, enterCode, poll, startDevice, verdictOf } from '../support/device.ts'
import type { Started } from '../support/device.ts'
import { addPerson } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { isActive, walk } from '../support/sign-in.ts'
import type { Tokens } from '../support/sign-in.ts'
import { atOnce, digestOf } from '../support/tokens.ts'
import { createUserAgent, formOf } from '../support/user-agent.ts'
import type { UserAgent } from '../support/user-agent.ts'

type App = Awaited<ReturnType<typeof addDeviceApp>>
type Setting = { person: Person; app: App; started: Started; agent: UserAgent }

let server: TestServer
let witness: App
beforeAll(async () => {
  server = await startTestServer({ instances: 2, env: { CARDEA_TOTP_POLICY: 'optional' } })
  witness = await addApp()
})
afterAll(() => server.stop())

function addApp(): Promise<App> {
  return addDeviceApp(server, { metadata: { token_endpoint_auth_method: 'client_secret_basic' } })
}

async function setUp(): Promise<Setting> {
  const [person, app, agent] = [
    await addPerson(server, { totp: false }),
    await addApp(),
    createUserAgent(server),
  ]
  return { person, app, agent, started: await startDevice(server, app, { scope: 'openid offline_access' }) }
}

async function approved(): Promise<Setting> {
  const setting = await setUp()
  const end = await connect(server, setting.started, setting.person, { agent: setting.agent })
  if (!end.text.includes('Your device is connected')) throw new Error(`${end.status}: ${end.text}`)
  return setting
}

/** All is allowed; what is left is the request in which the answer takes effect. */
async function onTheVerge(): Promise<Setting & { resume: string }> {
  const setting = await setUp()
  const { agent, started, person } = setting
  const { location = '' } = await enterCode(agent, started.user_code)
  const page = await walk(server, agent, location, person, { stopAt: /^consent$/ })
  const { action, fields } = formOf(page, /\/consent$/)
  const answer = await agent.post(action, { ...fields, decision: 'allow', scope: 'openid' })
  return { ...setting, resume: answer.location ?? '' }
}

function end(selector: Selector): Promise<unknown> {
  return server.database.transaction((tx) => revoke(tx, selector, { reason: 'test' }))
}

/** The row that the person's answer was written to. */
function rowOf({ device_code }: Started) {
  return server.database.prisma.token.findFirstOrThrow({
    where: { digest: new Uint8Array(digestOf(device_code)) },
  })
}

/** What both instances say, more than once. */
async function polled({ app, started }: Setting): Promise<string[]> {
  const answers = await atOnce(server, 4, (instance) => poll(instance, app, started))
  return [...new Set(answers.map(verdictOf))]
}

const ways: [string, (setting: Setting) => Promise<unknown>, string][] = [
  [
    'the user is disabled',
    ({ person }) => setDisabled(server.database.prisma, person.id, true),
    'invalid_grant',
  ],
  ["all of the user's access is revoked", ({ person }) => end({ userId: person.id }), 'invalid_grant'],
  [
    "the user's access by this client is revoked",
    ({ person, app }) => end({ userId: person.id, clientId: app.id }),
    'invalid_grant',
  ],
  ["all of the client's access is revoked", ({ app }) => end({ clientId: app.id }), 'invalid_grant'],
  [
    'the client is disabled',
    ({ app }) => server.database.transaction((tx) => setClientDisabled(tx, app.id, true)),
    '401',
  ],
  [
    'the grant is revoked',
    async ({ started }) => end({ grantId: (await rowOf(started)).grantId ?? '' }),
    'invalid_grant',
  ],
  [
    'the session it was answered in is ended by an operator',
    async ({ started }) => end({ sessionUid: (await rowOf(started)).sessionUid ?? '' }),
    'invalid_grant',
  ],
  [
    'the device code itself is revoked',
    ({ started }) => end({ token: digestOf(started.device_code) }),
    'invalid_grant',
  ],
]

describe('a device that was answered gets nothing', () => {
  test.each(ways)('when %s before it asks (DV-01, DI-01, CVE-2026-9798)', async (_what, stop, verdict) => {
    const setting = await approved()
    await stop(setting)
    expect(await polled(setting)).toEqual([verdict])
  })

  test('and the receipt counts its code (DV-01)', async () => {
    const { person } = await approved()
    const selector = { userId: person.id }
    const { counts } = await server.database.transaction((tx) => revoke(tx, selector, { reason: 'test' }))
    expect(counts).toMatchObject({ device_codes: 1, grants: 1, access_tokens: 0 })
  })

  test('when everything is revoked before it asks, and neither does one that still waits (DV-01)', async () => {
    const [answered, waiting] = [await approved(), await setUp()]
    await end({ everything: true })
    expect(await polled(answered)).toEqual(['invalid_grant'])
    expect(await polled(waiting)).toEqual(['invalid_grant'])
    const look = await enterCode(createUserAgent(server), waiting.started.user_code)
    expect(look.text).toContain('No device is waiting with this code')
  })

  test('that lives on when it is redeemed while the user is being revoked (DV-01, FT-11)', async () => {
    for (let round = 0; round < 3; round += 1) {
      const setting = await approved()
      const [, answer] = await Promise.all([
        end({ userId: setting.person.id }),
        poll(server, setting.app, setting.started),
      ])
      expect(['200', 'invalid_grant']).toContain(verdictOf(answer))
      if (answer.status !== 200) continue
      const tokens = answer.json<Tokens>()
      for (const token of [tokens.access_token, tokens.refresh_token])
        expect(await isActive(server, setting.app, token)).toBe(false)
    }
  })
})

describe('a code that nobody has answered', () => {
  test("dies with its client's access, for the device and for people (DV-01)", async () => {
    const setting = await setUp()
    await end({ clientId: setting.app.id })
    expect(await polled(setting)).toEqual(['invalid_grant'])
    const look = await enterCode(createUserAgent(server), setting.started.user_code)
    expect([look.status, look.text]).toEqual([
      422,
      expect.stringContaining('No device is waiting with this code'),
    ])
  })

  test('is not a matter of any user: one who was revoked may answer it after signing in anew (DV-01)', async () => {
    const setting = await setUp()
    await end({ userId: setting.person.id })
    const ended = await connect(server, setting.started, setting.person)
    expect(ended.text).toContain('Your device is connected')
    expect(await polled({ ...setting })).toContain('200')
  })
})

/** Holds the code's row while the answer is on its way, so that the answer has read everything and written nothing. */
async function duringTheAnswer(
  { agent, started, resume }: Setting & { resume: string },
  meanwhile: (client: pg.Client) => Promise<unknown>,
): Promise<string> {
  const holder = new pg.Client({ connectionString: server.databaseUrl })
  await holder.connect()
  try {
    await holder.query('BEGIN')
    await holder.query('SELECT 1 FROM tokens WHERE digest = $1 FOR UPDATE', [digestOf(started.device_code)])
    const answer = agent.get(resume)
    const waiting = `SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
    while ((await server.database.pool.query<{ n: number }>(waiting)).rows[0]?.n === 0);
    await meanwhile(holder)
    await holder.query('COMMIT')
    return (await answer).text
  } finally {
    await holder.end()
  }
}

describe('an answer that is being written', () => {
  test("does not survive the revocation of the user's access by this client (DV-01, FT-11)", async () => {
    const setting = await onTheVerge()
    await duringTheAnswer(setting, () => end({ userId: setting.person.id, clientId: setting.app.id }))
    expect((await rowOf(setting.started)).userId).toBe(setting.person.id)
    expect(await polled(setting)).toEqual(['invalid_grant'])
  })

  test('does not survive the revocation of the user (DV-01, FT-11)', async () => {
    const setting = await onTheVerge()
    await duringTheAnswer(setting, () => end({ userId: setting.person.id }))
    expect(await polled(setting)).not.toContain('200')
  })

  test('does not bring back a code that was revoked (DV-01, FT-11)', async () => {
    const setting = await onTheVerge()
    const text = await duringTheAnswer(setting, (client) =>
      client.query('DELETE FROM tokens WHERE digest = $1', [digestOf(setting.started.device_code)]),
    )
    expect(text).toContain('This device has its answer')
    expect(await polled(setting)).toEqual(['invalid_grant'])
  })
})

test('a revocation of others leaves a device alone (DV-01)', async () => {
  const setting = await approved()
  await end({ clientId: witness.id })
  await end({ userId: (await addPerson(server)).id })
  const tokens = (await poll(server, setting.app, setting.started)).json<Tokens>()
  expect(await isActive(server, setting.app, tokens.access_token)).toBe(true)
})
