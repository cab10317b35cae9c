import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { reach } from '../support/authorize.ts'
import type { Answer } from '../support/http-client.ts'
import { addClient, addPerson } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { sendRaw, statusOf } from '../support/raw.ts'
import { signIn, stepOf, told, walk } from '../support/sign-in.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { formOf } from '../support/user-agent.ts'

let server: TestServer
let client: Awaited<ReturnType<typeof addClient>>
let person: Person
let form: Awaited<ReturnType<typeof reach>>
let crowd: { leave(): Promise<unknown> }

beforeAll(async () => {
  server = await startTestServer()
  client = await addClient(server, { firstParty: true })
  person = await addPerson(server, { totp: false })
})
afterAll(() => server.stop())
beforeEach(async () => {
  form = await reach(server, client, person, 'login')
  crowd = fillTheHasher()
})
afterEach(() => crowd.leave())

/** As many as may be worked on and wait, each from an address of their own unless it is said which, and nobody's turn comes until they leave. */
function fillTheHasher(address?: string): typeof crowd {
  let leave: () => void = () => undefined
  const left = new Promise<void>((resolve) => (leave = resolve))
  const there: Promise<unknown>[] = []
  for (let nth = 0; !server.hasher.isFull(address); nth += 1)
    there.push(server.hasher.admit(() => left, address ?? `2001:db8:${nth}::/64`).catch(() => undefined))
  return {
    leave() {
      leave()
      return Promise.all(there)
    },
  }
}

const sendPassword = (headers: Record<string, string> = {}): Promise<Answer> => {
  const { fields } = formOf(form.page)
  const filled = { ...fields, email: person.email, password: person.password }
  return form.agent.post(`${form.at}/login`, filled, { headers })
}

/** How often something was asked of the database meanwhile. */
async function asked(work: () => Promise<unknown>): Promise<number> {
  let count = 0
  const counting = () => (count += 1)
  server.database.pool.on('acquire', counting)
  await work()
  server.database.pool.off('acquire', counting)
  return count
}

describe('a password that comes when more wait than can be checked', () => {
  test('is turned away before its body is read (FT-26)', async () => {
    const { host } = new URL(server.issuer)
    const head = [
      `POST ${form.at}/login HTTP/1.1`,
      `Host: ${host}`,
      'Accept: text/html',
      'Content-Type: application/x-www-form-urlencoded',
      'Content-Length: 1000',
      'Connection: close',
    ]
    // Not one byte of the body is ever sent.
    const answer = await sendRaw(server.instances[0]?.port ?? 0, `${head.join('\r\n')}\r\n\r\n`)
    expect(statusOf(answer)).toBe(503)
    expect(answer).toMatch(/^retry-after: [1-9]\d*\r$/im)
    // A body that was waited for would end in the 503 of the deadline.
    expect(answer).toContain('Many people are signing in')
  })

  test('is turned away without a question to the database, and is no attempt (FT-26)', async () => {
    const answers: Answer[] = []
    const questions = await asked(async () => {
      for (let nth = 0; nth < 20; nth += 1) answers.push(await sendPassword())
    })
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]))
    expect(questions).toBe(0)
    expect(await server.database.prisma.attemptCounter.count()).toBe(0)
    expect(await asked(() => form.agent.get(form.at))).toBeGreaterThan(0)
  })

  test.each([
    ['de', 'ltr', 'Noch einmal versuchen'],
    ['ar', 'rtl', 'حاول مرة أخرى'],
    ['en', 'ltr', 'Try again'],
  ])(
    'is answered with a page in %s that leads back to its form, without scripts (FT-26, XS-01)',
    async (language, direction, again) => {
      const { status, headers, text } = await sendPassword({ 'accept-language': language })
      expect(status).toBe(503)
      expect(text).toContain(`<html lang="${language}" dir="${direction}">`)
      expect(text).toContain(`<a class="button primary" href="${form.at}">${again}</a>`)
      expect(text).not.toContain('<script')
      expect(text).not.toContain(person.email)
      expect(headers).toMatchObject({
        'content-language': language,
        'cache-control': 'no-store',
        'x-frame-options': 'DENY',
        'retry-after': '2',
      })
      expect(headers['content-security-policy']).toContain("default-src 'none'; style-src 'self'")
      expect(headers.vary).toMatch(/accept-language/i)
      const back = await form.agent.get(form.at)
      expect(stepOf(back)).toBe('login')
    },
  )

  test('is told so in JSON when a program sent it', async () => {
    const { status, headers, text } = await sendPassword({ accept: 'application/json' })
    expect([status, headers['retry-after']]).toEqual([503, '2'])
    expect(JSON.parse(text)).toMatchObject({ error: 'temporarily_unavailable' })
  })

  test('goes through as it was, once there is room (FT-26)', async () => {
    expect((await sendPassword()).status).toBe(503)
    await crowd.leave()
    expect((await sendPassword()).status).toBe(303)
    expect(told(await walk(server, form.agent, form.at, person)).code).toBeDefined()
  })
})

test('somebody alone who fills the line turns nobody away but themselves (FT-26, TH-03)', async () => {
  await crowd.leave()
  const stranger = fillTheHasher('203.0.113.9')
  const before = server.hasher.stats()
  const answer = sendPassword()
  // Now one of the stranger's was told to come again.
  while (server.hasher.stats().refused === before.refused)
    await new Promise((resolve) => setImmediate(resolve))
  expect(server.hasher.stats().waiting).toBe(before.waiting)
  await stranger.leave()
  expect((await answer).status).toBe(303)
})

test('after a stampede everybody gets in, and nobody was counted (FT-26)', async () => {
  await crowd.leave()
  const forms = await Promise.all(Array.from({ length: 60 }, () => reach(server, client, person, 'login')))
  const outcomes = await Promise.all(
    forms.map(async ({ agent, at, page }) => {
      const filled = { ...formOf(page).fields, email: person.email, password: person.password }
      return (await agent.post(`${at}/login`, filled)).status
    }),
  )
  expect(outcomes.filter((status) => status === 303).length).toBeGreaterThanOrEqual(32)
  expect(outcomes.filter((status) => status !== 303 && status !== 503)).toEqual([])
  expect(await server.database.prisma.attemptCounter.count({ where: { failures: { gt: 0 } } })).toBe(0)
  expect((await signIn(server, client, person)).code).toBeDefined()
  expect(server.hasher.stats()).toMatchObject({ active: 0, waiting: 0 })
})
