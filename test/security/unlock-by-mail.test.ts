import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { counterKey, defaultThrottlePolicy, reserveAttempt } from '../../src/users/index.ts'
import { at, atForm, verdictOf } from '../support/attempts.ts'
import { reach } from '../support/authorize.ts'
import type { Answer } from '../support/http-client.ts'
import { askForReset, typeCode } from '../support/mail-forms.ts'
import { mailsOf, newestMail } from '../support/mail.ts'
import { addClient, addPerson, codeOf, wrongCode } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { redeem, signIn } from '../support/sign-in.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { through } from '../support/through.ts'
import { createUserAgent, formOf } from '../support/user-agent.ts'

let server: TestServer
let client: Awaited<ReturnType<typeof addClient>>
beforeAll(async () => {
  server = await startTestServer({ instances: 2, env: { CARDEA_TRUSTED_PROXIES: '127.0.0.1' } })
  client = await addClient(server)
})
afterAll(() => server.stop())

/** Strangers everywhere have used up what the account has, for an hour (lockout-of-the-owner.test.ts does it through the page). */
async function lock({ email }: Pick<Person, 'email'>, { database: { prisma } } = server): Promise<void> {
  const counter = {
    key: counterKey('password.account', email),
    policy: defaultThrottlePolicy.password.account,
  }
  for (let nth = 0; nth < 100; nth += 1) await reserveAttempt(prisma, [counter], new Date())
}

/** Somebody in a browser that nobody knows sends this address and a password, and sees the page that follows. */
async function waiting(address: string, { email, password }: Pick<Person, 'email' | 'password'>) {
  const home = at(server, address)
  const { agent, page, uid } = await reach(home, client, null, 'login')
  const { action, fields } = formOf(page, /\/login$/)
  return { home, agent, uid, page: await agent.post(action, { ...fields, email, password }) }
}

async function askForCode(address: string, person: Pick<Person, 'email' | 'password'>) {
  const seen = await waiting(address, person)
  const { action, fields } = formOf(seen.page, /\/unlock-request$/)
  const asked = await seen.agent.post(action, fields)
  const page = await seen.agent.get(asked.location ?? '')
  const form = formOf(page, /\/unlock$/)
  const enter = (code: string) => seen.agent.post(form.action, { ...form.fields, code })
  return { ...seen, asked, page, enter }
}

const codeIn = async ({ email }: Pick<Person, 'email'>) => (await newestMail(server, email, 'unlock')).code

/** What anybody can see of an answer, without what differs anyway. */
function seen({ status, headers, text }: Answer, email: string): unknown {
  const varying = [
    'date',
    'x-request-id',
    'connection',
    'keep-alive',
    'content-length',
    'location',
    'retry-after',
  ]
  const page = text
    .replaceAll(email, 'EMAIL')
    .replaceAll(/name="csrf" value="[^"]+"/g, 'CSRF')
    .replaceAll(/(\/interaction\/|[?]interaction=)[\w-]+/g, 'UID')
    .replaceAll(/Try again in [^.]+/g, 'WAIT')
  return { status, page, headers: Object.entries(headers).filter(([name]) => !varying.includes(name)) }
}

describe('somebody whom strangers have locked out', () => {
  test('gets in from a new browser by a code from the mail, with password and second factor as ever (TH-01, TH-03)', async () => {
    const person = await addPerson(server)
    await lock(person)
    const { agent, page, asked, enter, home } = await askForCode('203.0.113.1', person)
    expect(asked.status).toBe(303)
    expect(page.text).toContain('Enter the code from our mail')
    const entered = await enter(await codeIn(person))
    expect(entered.status).toBe(303)
    const signedIn = await signIn(home, client, person, { prompt: 'login' }, { agent })
    expect((await redeem(home, client, signedIn)).status).toBe(200)
    const types = await server.database.prisma.auditEvent.findMany({ where: { userId: person.id } })
    expect(types.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['sign_in.unlocked', 'sign_in.totp_ok']),
    )
    expect((await mailsOf(server, person.email)).map(({ template }) => template)).toContain('security-notice')
  })

  test('sees 429 with Retry-After, the wait in words, and the offer of a code (HT-05)', async () => {
    const person = await addPerson(server)
    await lock(person)
    const { page } = await waiting('203.0.113.2', person)
    expect([page.status, verdictOf(page)]).toEqual([429, 'throttled'])
    expect(Number(page.headers['retry-after'])).toBeGreaterThan(3000)
    expect(page.text).toContain('Send me a code')
  })
})

describe('a stranger', () => {
  test('who asks for resets and guesses at their codes does not close that way (TH-03)', async () => {
    const person = await addPerson(server)
    await lock(person)
    for (let nth = 0; nth < 6; nth += 1) {
      const agent = createUserAgent(server)
      await askForReset(server, person.email, { agent })
      for (let guess = 0; guess < 4; guess += 1) await typeCode(agent, '/forgot/check', '000000')
    }
    const { enter } = await askForCode('203.0.113.40', person)
    expect((await enter(await codeIn(person))).status).toBe(303)
  })

  test('who asks for a code as well, and guesses at it, does not end the one of the owner (TH-03)', async () => {
    const person = await addPerson(server)
    await lock(person)
    const mine = await askForCode('203.0.113.41', person)
    const code = await codeIn(person)
    for (let nth = 0; nth < 3; nth += 1) {
      const { enter } = await askForCode('203.0.113.42', person)
      for (let guess = 0; guess < 6; guess += 1) await enter('000000')
    }
    expect((await mine.enter(code)).status).toBe(303)
  })
})

test('mails that strangers had sent to an address, as many as it gets, leave the owner theirs in a known browser (TH-03)', async () => {
  const person = await addPerson(server)
  const { agent } = await signIn(at(server, '203.0.113.60'), client, person)
  await lock(person)
  for (let nth = 0; nth < 6; nth += 1) await askForCode(`203.0.113.${61 + nth}`, person)
  const sent = async (template: string) =>
    (await mailsOf(server, person.email)).filter((mail) => mail.template === template).length
  expect(await sent('unlock')).toBe(5)
  for (let nth = 0; nth < 6; nth += 1) await askForReset(at(server, `203.0.113.${71 + nth}`), person.email)
  expect(await sent('reset')).toBe(5)

  const { prisma } = server.database
  const known = await prisma.trustedBrowser.findFirstOrThrow({ where: { userId: person.id } })
  const soon = new Date(Date.now() + 600_000)
  await prisma.attemptCounter.create({
    data: {
      key: counterKey('password.browser', known.id),
      failures: 20,
      blockedUntil: soon,
      expiresAt: soon,
    },
  })
  const home = at(server, '203.0.113.61')
  const own = createUserAgent(
    home,
    agent.cookies.filter(({ name }) => name.startsWith('cardea_device')),
  )
  const { action, fields } = formOf(
    (await reach(home, client, null, 'login', { agent: own })).page,
    /\/login$/,
  )
  const { email, password } = person
  const page = await own.post(action, { ...fields, email, password })
  const form = formOf(page, /\/unlock-request$/)
  expect((await own.post(form.action, form.fields)).status).toBe(303)
  expect(await sent('unlock')).toBe(6)
  await askForReset(home, person.email, { agent: own })
  expect(await sent('reset')).toBe(6)
})

describe('the code from the mail', () => {
  test('proves nothing else: a wrong password is wrong, and the factor is asked (MF-06)', async () => {
    const person = await addPerson(server)
    await lock(person)
    const { agent, uid, home, enter } = await askForCode('203.0.113.3', person)
    expect((await enter(await codeIn(person))).location).toBe(`/interaction/${uid}`)
    const form = formOf(await agent.get(`/interaction/${uid}`), /\/login$/)
    const { email } = person
    expect(verdictOf(await agent.post(form.action, { ...form.fields, email, password: 'guess' }))).toBe(
      'wrong',
    )
    await reach(home, client, person, 'totp', { agent, params: { prompt: 'login' } })
  })

  test('lets one browser through, and no other (TH-03)', async () => {
    const person = await addPerson(server)
    await lock(person)
    const { enter } = await askForCode('203.0.113.4', person)
    await enter(await codeIn(person))
    expect(verdictOf((await waiting('203.0.113.4', person)).page)).toBe('throttled')
  })

  test('is of use in the browser that asked for it alone, and once (SE-04, FT-14)', async () => {
    const person = await addPerson(server)
    await lock(person)
    const mine = await askForCode('203.0.113.5', person)
    const code = await codeIn(person)
    const thief = await waiting('203.0.113.6', person)
    const elsewhere = await thief.agent.post(`/interaction/${thief.uid}/unlock`, {
      ...formOf(thief.page, /\/unlock-request$/).fields,
      code,
    })
    expect(elsewhere.location).toBe(`/interaction/${thief.uid}`)
    const answers = await Promise.all(Array.from({ length: 5 }, () => mine.enter(code)))
    expect(
      answers.filter(({ headers }) => headers['set-cookie']?.join().includes('cardea_device')),
    ).toHaveLength(1)
  })

  test('is guessed five times at most (TH-01)', async () => {
    const person = await addPerson(server)
    await lock(person)
    const { enter } = await askForCode('203.0.113.7', person)
    const code = await codeIn(person)
    for (let nth = 0; nth < 5; nth += 1)
      expect((await enter(wrongCode(code, nth))).text).toContain('This code is not right')
    expect((await enter(code)).status).toBe(422)
  })

  test('gives nobody more tries at the second factor (MF-05)', async () => {
    const person = await addPerson(server)
    const first = await atForm(server, client, person, 'totp')
    for (let nth = 0; nth < 5; nth += 1) await first({ code: wrongCode(await codeOf(server, person), nth) })
    await lock(person)
    const { agent, enter, home } = await askForCode('203.0.113.8', person)
    await enter(await codeIn(person))
    const send = await atForm(home, client, person, 'totp', agent)
    expect(verdictOf(await send({ code: await codeOf(server, person) }))).toBe('throttled')
  })

  test('is not sent, and nothing is spent, by looking at pages (RE-02)', async () => {
    const person = await addPerson(server)
    await lock(person)
    const { agent, uid } = await waiting('203.0.113.9', person)
    await agent.get(`/interaction/${uid}/unlock`)
    expect(await mailsOf(server, person.email)).toEqual([])
  })
})

test('who has an account cannot be seen from any page or header of it (TH-04)', async () => {
  const known = await addPerson(server)
  const nobody = { email: `nobody-${known.id}@example.com`, password: 'guess' }
  const answers = await Promise.all(
    [known, nobody].map(async (person, nth) => {
      await lock(person)
      const { page, asked, enter, agent, uid } = await askForCode(`203.0.113.2${nth}`, person)
      const shown = [page, asked, await enter('000000'), await agent.get(`/interaction/${uid}/unlock`)]
      return shown.map((answer) => seen(answer, person.email))
    }),
  )
  expect(answers[1]).toEqual(answers[0])
})

test('where no mail can be sent, the wait remains, and nothing is offered (TH-01)', async () => {
  const plain = await startTestServer({
    env: {
      ...{
        CARDEA_MODE: 'production',
        CARDEA_ISSUER: 'https://id.example.com',
        CARDEA_REGISTRATION: 'closed',
      },
      CARDEA_TRUSTED_PROXIES: '127.0.0.1',
    },
  })
  try {
    const app = await addClient(plain)
    const person = await addPerson(plain)
    await lock(person, plain)
    const behind = { 'x-forwarded-for': '203.0.113.90', 'x-forwarded-proto': 'https' }
    const agent = createUserAgent(through(plain, { headers: behind }))
    const { page } = await reach(plain, app, null, 'login', { agent })
    const { action, fields } = formOf(page, /\/login$/)
    const { email, password } = person
    const refused = await agent.post(action, { ...fields, email, password })
    expect(verdictOf(refused)).toBe('throttled')
    expect(refused.text).not.toContain('unlock-request')
  } finally {
    await plain.stop()
  }
})
