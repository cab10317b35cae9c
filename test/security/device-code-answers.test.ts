import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import pg from 'pg'
import {
  addDeviceApp,
  connect,
  enterCode,
  poll,
  startDevice,
  verdictOf,
  waitedLong,
} from '../support/device.ts'
import type { Started } from '../support/device.ts'
import { claimsOf } from '../support/authorize.ts'
import type { Answer } from '../support/http-client.ts'
import { addPerson } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { walk } from '../support/sign-in.ts'
import type { Tokens } from '../support/sign-in.ts'
import { createUserAgent, formOf } from '../support/user-agent.ts'
import type { UserAgent } from '../support/user-agent.ts'

let server: TestServer
let app: Awaited<ReturnType<typeof addDeviceApp>>
let people: [Person, Person]
beforeAll(async () => {
  server = await startTestServer({ instances: 2 })
  app = await addDeviceApp(server)
  people = [await addPerson(server), await addPerson(server)]
})
afterAll(() => server.stop())

/** Someone who has come as far as the consent page, and then the address at which their answer takes effect. */
async function onTheVerge(
  started: Started,
  person: Person,
  decision: 'allow' | 'deny' = 'allow',
): Promise<{ agent: UserAgent; resume: string }> {
  const agent = createUserAgent(server)
  const { location = '' } = await enterCode(agent, started.user_code)
  const page = await walk(server, agent, location, person, { stopAt: /^consent$/ })
  const { action, fields } = formOf(page, /\/consent$/)
  const answer = await agent.post(action, { ...fields, decision, scope: 'openid' })
  return { agent, resume: answer.location ?? '' }
}

const endings = {
  connected: 'Your device is connected',
  refused: 'The device was turned away',
  late: 'This device has its answer',
  used: 'This code was answered already',
}

function endingOf({ text, status }: Answer): string {
  return (
    Object.entries(endings).find(([, words]) => text.includes(words))?.[0] ??
    `${status} ${text.slice(0, 300)}`
  )
}

/** Whose the device is in the end; the error when it is nobody's. */
async function ownerOf(started: Started): Promise<unknown> {
  await waitedLong(server)
  const answer = await poll(server, app, started)
  return answer.status === 200 ? claimsOf(answer.json<Tokens>().id_token)['sub'] : verdictOf(answer)
}

/** Both browsers have read the code as unanswered before either may write: whoever comes second finds it answered. */
async function atTheSameMoment(
  started: Started,
  verges: { agent: UserAgent; resume: string }[],
): Promise<string[]> {
  const client = new pg.Client({ connectionString: server.databaseUrl })
  await client.connect()
  try {
    await client.query('BEGIN')
    await client.query('SELECT 1 FROM tokens WHERE user_code = $1 FOR UPDATE', [
      started.user_code.replace('-', ''),
    ])
    const ends = Promise.all(verges.map(({ agent, resume }) => agent.get(resume)))
    const waiting = `SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
    for (let n = 0; n < verges.length;)
      n = (await server.database.pool.query<{ n: number }>(waiting)).rows[0]?.n ?? 0
    await client.query('COMMIT')
    return (await ends).map(endingOf)
  } finally {
    await client.end()
  }
}

describe('when two answers to one device come at the same moment', () => {
  test('of two people who allow it one gets it, and the other is told (DV-01, RFC 8628 §5.4)', async () => {
    const started = await startDevice(server, app)
    const verges = [await onTheVerge(started, people[0]), await onTheVerge(started, people[1])]
    const said = await atTheSameMoment(started, verges)
    expect(said.toSorted()).toEqual(['connected', 'late'])
    expect(await ownerOf(started)).toBe(people[said.indexOf('connected')]?.id)
  })

  test('of a yes and a no one counts, and the device hears that one (DV-01)', async () => {
    const started = await startDevice(server, app)
    const yes = await onTheVerge(started, people[0])
    const no = await onTheVerge(started, people[1], 'deny')
    const said = await atTheSameMoment(started, [yes, no])
    expect([
      ['connected', 'late'],
      ['late', 'refused'],
    ]).toContainEqual(said)
    expect(await ownerOf(started)).toBe(said[0] === 'connected' ? people[0].id : 'access_denied')
  })

  test('the answer that came first stands, whatever comes later (DV-01)', async () => {
    const started = await startDevice(server, app)
    const [late, no] = [await onTheVerge(started, people[1]), await onTheVerge(started, people[1], 'deny')]
    expect(endingOf(await connect(server, started, people[0]))).toBe('connected')
    expect(endingOf(await late.agent.get(late.resume))).toBe('used')
    expect(endingOf(await no.agent.get(no.resume))).not.toBe('connected')
    for (const decision of ['confirm', 'abort'] as const) {
      const end = await enterCode(createUserAgent(server), started.user_code, decision)
      expect([end.status, endingOf(end)]).toEqual([422, 'used'])
    }
    expect(await ownerOf(started)).toBe(people[0].id)
  })
})

describe('a device code that was used', () => {
  test('is not revived by an answer that was on its way (DV-01)', async () => {
    const started = await startDevice(server, app)
    const late = await onTheVerge(started, people[1])
    await connect(server, started, people[0])
    expect(verdictOf(await poll(server, app, started))).toBe('200')
    expect(endingOf(await late.agent.get(late.resume))).toBe('used')
    expect(verdictOf(await poll(server, app, started))).toBe('invalid_grant')
  })

  test('is not brought back by an answer when its row is gone (DV-01, FT-11)', async () => {
    const started = await startDevice(server, app)
    const { agent, resume } = await onTheVerge(started, people[0])
    await server.database.pool.query(`DELETE FROM tokens WHERE user_code = $1`, [
      started.user_code.replace('-', ''),
    ])
    const end = await agent.get(resume)
    expect([end.status, end.text]).toEqual([
      422,
      expect.stringContaining('No device is waiting with this code'),
    ])
    expect(verdictOf(await poll(server, app, started))).toBe('invalid_grant')
  })
})

describe('a person who stops half-way', () => {
  test('has taken the code from nobody: it can be entered again, here or elsewhere (DV-01)', async () => {
    const started = await startDevice(server, app)
    const agent = createUserAgent(server)
    await enterCode(agent, started.user_code)
    const again = await enterCode(agent, started.user_code)
    expect(again.location).toMatch(/^\/interaction\//)
    expect(endingOf(await connect(server, started, people[0]))).toBe('connected')
    expect(await ownerOf(started)).toBe(people[0].id)
  })

  test('and comes back to the end of it finds a way on, and the device its answer (DV-01)', async () => {
    const started = await startDevice(server, app)
    const { agent, resume } = await onTheVerge(started, people[0])
    expect(endingOf(await agent.get(resume))).toBe('connected')
    const again = await agent.get(resume)
    expect([again.status, again.text]).toEqual([400, expect.stringContaining('href="/device"')])
    expect(await ownerOf(started)).toBe(people[0].id)
  })

  test('until the code has expired is told so after signing in (DV-01, RFC 8628 §3.5)', async () => {
    const started = await startDevice(server, app)
    const { agent, resume } = await onTheVerge(started, people[0])
    await server.database.pool.query(`UPDATE tokens SET expires_at = now() WHERE user_code = $1`, [
      started.user_code.replace('-', ''),
    ])
    const end = await agent.get(resume)
    expect([end.status, end.text]).toEqual([422, expect.stringContaining('This code has expired')])
    expect(verdictOf(await poll(server, app, started))).toBe('expired_token')
  })

  test('in a browser that is signed out meanwhile leaves the device waiting, not refused (DV-01)', async () => {
    const started = await startDevice(server, app)
    const agent = createUserAgent(server)
    await connect(server, await startDevice(server, app), people[0], { agent })
    const { location = '' } = await enterCode(agent, started.user_code)
    const page = await walk(server, agent, location, people[0], { stopAt: /^consent$/ })
    const { action, fields } = formOf(page, /\/consent$/)
    const allowed = await agent.post(action, { ...fields, decision: 'allow', scope: 'openid' })
    agent.cookies.splice(
      0,
      agent.cookies.length,
      ...agent.cookies.filter(({ name }) => !name.startsWith('cardea_session')),
    )
    const end = await agent.get(allowed.location ?? '')
    expect([end.status, end.text]).toEqual([400, expect.stringContaining('href="/device"')])
    expect(await ownerOf(started)).toBe('authorization_pending')
  })
})

test('a device that asks for a sign-in that nobody can give hears so, and the person gets a page (DV-01, RFC 9470 §5)', async () => {
  const started = await startDevice(server, app, {
    claims: JSON.stringify({ id_token: { acr: { essential: true, value: 'urn:example:retina' } } }),
  })
  const end = await connect(server, started, people[0])
  expect([end.status, end.headers['content-type']]).toEqual([400, 'text/html; charset=utf-8'])
  expect(await ownerOf(started)).toBe('unmet_authentication_requirements')
})
