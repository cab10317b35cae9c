import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
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
import type { Answer } from '../support/http-client.ts'
import { addClient, addPerson } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { signIn, stepOf, walk } from '../support/sign-in.ts'
import { createUserAgent, formOf } from '../support/user-agent.ts'
import type { UserAgent } from '../support/user-agent.ts'

let server: TestServer
let app: Awaited<ReturnType<typeof addDeviceApp>>
let own: Awaited<ReturnType<typeof addDeviceApp>>
let person: Person
/** A browser in which the person is signed in. */
let home: UserAgent
beforeAll(async () => {
  server = await startTestServer({ instances: 2 })
  app = await addDeviceApp(server, { name: 'Acme <b>TV</b>' })
  own = await addDeviceApp(server, { firstParty: true, name: 'Our own' })
  person = await addPerson(server)
  ;({ agent: home } = await signIn(server, await addClient(server, { firstParty: true }), person))
})
afterAll(() => server.stop())

async function isPending(started: Started): Promise<boolean> {
  await waitedLong(server)
  return verdictOf(await poll(server, app, started)) === 'authorization_pending'
}

/** The question whether the device is theirs, in the browser where the person is signed in. */
async function asked(started: Started): Promise<{ page: Answer; fields: Record<string, string> }> {
  const page = await enterCode(home.clone(), started.user_code, 'look')
  return { page, fields: formOf(page).fields }
}

describe('a page of somebody else', () => {
  test.each([
    ['another origin', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
    ['a neighbouring host', { origin: 'http://sub.localhost', 'sec-fetch-site': 'same-site' }],
    [
      'another origin, in a browser that says only that',
      { origin: 'https://evil.example', 'sec-fetch-site': '' },
    ],
  ])('cannot confirm a device with the form of %s (SE-06, RFC 8628 §5.4)', async (_what, headers) => {
    const started = await startDevice(server, app)
    const agent = home.clone()
    const { action, fields } = formOf(await enterCode(agent, started.user_code, 'look'))
    for (const answer of [{ confirm: 'yes' }, { abort: 'yes' }]) {
      const refused = await agent.post(action, { ...fields, ...answer }, { headers })
      expect(refused.status).toBe(403)
    }
    expect(await isPending(started)).toBe(true)
  })

  test.each([
    ['no token', () => Promise.resolve({})],
    ['an empty token', () => Promise.resolve({ xsrf: '' })],
    ['a token of its own choice', () => Promise.resolve({ xsrf: 'a'.repeat(48) })],
    ['the token of another browser', async () => formOf(await createUserAgent(server).get('/device')).fields],
  ])('cannot confirm a device with %s (SE-06)', async (_what, tokenOf) => {
    const started = await startDevice(server, app)
    const agent = home.clone()
    await enterCode(agent, started.user_code, 'look')
    for (const decision of [{ confirm: 'yes' }, { abort: 'yes' }]) {
      const form = { ...(await tokenOf()), user_code: started.user_code, ...decision }
      const { status } = await agent.post('/device', form)
      expect([400, 403]).toContain(status)
    }
    expect(await isPending(started)).toBe(true)
  })

  test('cannot confirm a device by a link or an image: reading changes nothing (SE-06, RFC 8628 §5.4)', async () => {
    const started = await startDevice(server, app)
    const agent = home.clone()
    for (const query of ['', '&confirm=yes', '&confirm=yes&xsrf=x', '&abort=yes'])
      expect((await agent.get(`/device?user_code=${started.user_code}${query}`)).status).toBe(200)
    expect(await isPending(started)).toBe(true)
  })

  test('cannot frame, script or cache the pages of a device (AZ-12, AZ-13)', async () => {
    const started = await startDevice(server, app)
    const agent = home.clone()
    const pages = [
      await agent.get('/device'),
      await agent.get(`/device?user_code=${started.user_code}`),
      await enterCode(agent, 'ZZZZ-ZZZZ', 'look'),
      await enterCode(agent, started.user_code, 'look'),
      await agent.get('/device/nothing'),
      await connect(server, await startDevice(server, app), person),
    ]
    for (const { headers, text } of pages) {
      expect(headers['content-security-policy']).toMatch(/^default-src 'none'; .*frame-ancestors 'none'/)
      expect(headers['content-security-policy']).not.toContain('script-src')
      expect(headers['x-frame-options']).toBe('DENY')
      expect(headers['cache-control']).toContain('no-store')
      expect(text).not.toMatch(/<script|<b>TV/)
    }
  })
})

describe('a person who comes by a link with a code in it', () => {
  test('is shown the code, the app and a warning, and has to say that it is their device (DV-01, RFC 8628 §3.3.1, §5.4)', async () => {
    const started = await startDevice(server, app)
    const page = await home.clone().get(started.verification_uri_complete)
    expect(page.text).toContain(started.user_code)
    expect(page.text).toContain('Acme &lt;b&gt;TV&lt;/b&gt;')
    expect(page.text).toContain('If somebody sent you this link or told you this code, the device is theirs')
    expect(formOf(page).action).toBe('/device')
    expect(await isPending(started)).toBe(true)
  })

  test('may say that it is not theirs, and whoever sent it gets nothing (DV-01, RFC 8628 §5.4)', async () => {
    const started = await startDevice(server, app)
    const agent = home.clone()
    const { action, fields } = formOf(await agent.get(started.verification_uri_complete))
    await agent.post(action, { ...fields, abort: 'yes' })
    expect(verdictOf(await poll(server, app, started))).toBe('access_denied')
  })

  test('and says it is theirs is asked for consent even if the app is our own and they are signed in (DV-01, RFC 8628 §5.4)', async () => {
    for (const again of [false, true]) {
      const started = await startDevice(server, own)
      const { location = '' } = await enterCode(home, started.user_code)
      const page = await home.get(location)
      expect([again, stepOf(page)]).toEqual([again, 'consent'])
      expect(page.text).toContain('Your device is waiting for the answer')
      expect(verdictOf(await poll(server, own, started))).toBe('authorization_pending')
      const end = await walk(server, home, location, person)
      expect(end.text).toContain('Your device is connected')
      expect(verdictOf(await poll(server, own, started))).toBe('200')
    }
  })
})

describe('no way to a device leads past the second factor:', () => {
  test.each(['login', 'totp'])('not the end of it while %s is due (MF-06, SE-05)', async (step) => {
    const started = await startDevice(server, app)
    const agent = createUserAgent(server)
    const { location = '' } = await enterCode(agent, started.user_code)
    const page = await walk(server, agent, location, person, { stopAt: new RegExp(`^${step}$`) })
    expect(stepOf(page)).toBe(step)
    const early = await agent.get(`/device/${location.split('/').at(-1)}`)
    expect(early.location).toMatch(/^\/interaction\//)
    expect(stepOf(await agent.get(early.location ?? ''))).toBe('login')
    expect(await isPending(started)).toBe(true)
  })

  test('not the forms of later steps (MF-06, SE-05)', async () => {
    const started = await startDevice(server, app)
    const agent = createUserAgent(server)
    const { location = '' } = await enterCode(agent, started.user_code)
    const page = await walk(server, agent, location, person, { stopAt: /^totp$/ })
    const { fields } = formOf(page, /\/totp$/)
    for (const step of ['consent', 'select-account', 'recovery-codes'])
      await agent.post(`${location}/${step}`, { ...fields, decision: 'allow', scope: 'openid', saved: 'yes' })
    expect(stepOf(await agent.get(location))).toBe('totp')
    expect(await isPending(started)).toBe(true)
  })

  test('not the end of another sign-in, or of another browser (MF-06, SE-04)', async () => {
    const started = await startDevice(server, app)
    const agent = createUserAgent(server)
    const { location = '' } = await enterCode(agent, started.user_code)
    const uid = location.split('/').at(-1) ?? ''
    for (const other of [home.clone(), createUserAgent(server)]) {
      const end = await other.get(`/device/${uid}`)
      expect([end.status, end.text]).toEqual([400, expect.stringContaining('href="/device"')])
    }
    expect((await agent.get(`/authorize/${uid}`)).status).toBe(400)
    expect(await isPending(started)).toBe(true)
  })
})

test('a browser without cookies is told so, and leaves no session behind (DV-01, HT-05)', async () => {
  const sessions = () => server.database.prisma.session.count()
  const started = await startDevice(server, app)
  const before = await sessions()
  const { fields } = await asked(started)
  const answer = await createUserAgent(server).post('/device', { ...fields, confirm: 'yes' })
  expect([answer.status, answer.text]).toEqual([400, expect.stringContaining('does not keep cookies')])
  expect(await sessions()).toBe(before)
})

test('a field sent twice confirms nothing (HT-06)', async () => {
  const started = await startDevice(server, app)
  const agent = home.clone()
  const { fields } = formOf(await enterCode(agent, started.user_code, 'look'))
  for (const name of ['user_code', 'xsrf', 'confirm']) {
    const body = new URLSearchParams({ ...fields, confirm: 'yes' })
    body.append(name, body.get(name) ?? '')
    expect((await agent.clone().post('/device', body)).status).toBe(400)
  }
  expect(await isPending(started)).toBe(true)
})
