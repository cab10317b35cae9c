import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import {
  addDeviceApp,
  askForCode,
  connect,
  enterCode,
  poll,
  startDevice,
  verdictOf,
  waitedLong,
} from '../support/device.ts'
import type { Answer } from '../support/http-client.ts'
import { failOnInsert, holdTable } from '../support/outage.ts'
import { addPerson } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { walk } from '../support/sign-in.ts'
import { createUserAgent, formOf } from '../support/user-agent.ts'

let server: TestServer
let app: Awaited<ReturnType<typeof addDeviceApp>>
let person: Person
beforeAll(async () => {
  server = await startTestServer({ env: { CARDEA_DATABASE_TIMEOUT: '1000' } })
  app = await addDeviceApp(server)
  person = await addPerson(server)
})
afterAll(() => server.stop())

const cleanUps: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp()
})

async function hold(table: string): Promise<void> {
  const { release } = await holdTable(server, table)
  cleanUps.push(release)
}

async function letGo(): Promise<void> {
  await cleanUps.pop()?.()
}

/** No verdict about the code, and nothing to be mistaken for one: 503, and when to come again. */
function expectNoVerdict(answer: Answer, page = false): void {
  expect(answer.status).toBe(503)
  expect(answer.headers['retry-after']).toBeDefined()
  if (page) expect(answer.headers['content-type']).toMatch(/^text\/html/)
  else expect(answer.json()['error']).toBe('temporarily_unavailable')
}

test('a device that asks for a code is told to come again (FT-03, RFC 8628 §3.5)', async () => {
  await hold('tokens')
  expectNoVerdict(await askForCode(server, app))
  await letGo()
  expect((await askForCode(server, app)).status).toBe(200)
})

test('a device that polls is told to come again, and its code is still good (FT-02, FT-03, RFC 8628 §3.5)', async () => {
  const started = await startDevice(server, app)
  await hold('tokens')
  expectNoVerdict(await poll(server, app, started))
  await letGo()
  expect(verdictOf(await poll(server, app, started))).toBe('authorization_pending')
  await connect(server, started, person)
  const fault = await failOnInsert(server, { table: 'tokens', condition: "NEW.kind = 'AccessToken'" })
  expectNoVerdict(await poll(server, app, started))
  await fault.stop()
  expect(verdictOf(await poll(server, app, started))).toBe('200')
})

test('a device is not told to slow down for a poll that could not be counted (FT-03)', async () => {
  const started = await startDevice(server, app)
  await server.database.pool
    .query(`CREATE OR REPLACE FUNCTION fail_on_poll() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'injected' USING ERRCODE = '53100'; END $$;
    CREATE TRIGGER fail_on_poll BEFORE UPDATE OF next_poll_at ON tokens FOR EACH ROW EXECUTE FUNCTION fail_on_poll()`)
  cleanUps.push(async () => {
    await server.database.pool.query('DROP TRIGGER IF EXISTS fail_on_poll ON tokens')
  })
  expectNoVerdict(await poll(server, app, started))
  await letGo()
  expect(verdictOf(await poll(server, app, started))).toBe('authorization_pending')
})

test.each(['tokens', 'attempt_counters', 'clients'])(
  'a person who enters a code while %s cannot be read is told to try again, and it was no guess (FT-03)',
  async (table) => {
    await server.database.prisma.attemptCounter.deleteMany()
    const started = await startDevice(server, app)
    const agent = createUserAgent(server)
    const { action, fields } = formOf(await agent.get('/device'))
    await hold(table)
    expectNoVerdict(await agent.clone().post(action, { ...fields, user_code: started.user_code }), true)
    expectNoVerdict(await agent.clone().get(started.verification_uri_complete), true)
    await letGo()
    const counters = await server.database.prisma.attemptCounter.findMany()
    expect(counters.filter(({ failures }) => failures > 0)).toEqual([])
    expect((await enterCode(agent, started.user_code)).location).toMatch(/^\/interaction\//)
  },
)

test("a person's answer that could not be written is not told as one, and the code can be answered again (FT-02)", async () => {
  const started = await startDevice(server, app)
  const agent = createUserAgent(server)
  const { location = '' } = await enterCode(agent, started.user_code)
  const page = await walk(server, agent, location, person, { stopAt: /^consent$/ })
  const { action, fields } = formOf(page, /\/consent$/)
  const allowed = await agent.post(action, { ...fields, decision: 'allow', scope: 'openid' })
  const fault = await failOnInsert(server, {
    table: 'audit_events',
    condition: "NEW.type = 'device.approved'",
  })
  const failed = await agent.get(allowed.location ?? '')
  expectNoVerdict(failed, true)
  expect(failed.headers['set-cookie']).toBeUndefined()
  await fault.stop()
  await waitedLong(server)
  expect(verdictOf(await poll(server, app, started))).toBe('authorization_pending')
  const again = await agent.get(allowed.location ?? '')
  expect(again.text).toContain('Your device is connected')
  expect(verdictOf(await poll(server, app, started))).toBe('200')
})
