import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createUser, issuePasswordTicket, setDisabled } from '../../src/users/index.ts'
import { reach } from '../support/authorize.ts'
import type { Answer } from '../support/http-client.ts'
import { mailsOf, newestMail } from '../support/mail.ts'
import {
  askForReset,
  choosePassword,
  fromElsewhere,
  shareAbove,
  typeCode,
  visible,
} from '../support/mail-forms.ts'
import { untilWaiting } from '../support/outage.ts'
import { addApi, addClient, addPerson } from '../support/people.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { authorizeUrl, pkce, redeem, refresh, stepOf, told, tokensFor, walk } from '../support/sign-in.ts'
import type { Tokens } from '../support/sign-in.ts'
import { createUserAgent, formOf } from '../support/user-agent.ts'

let server: TestServer
const fresh = 'seven quiet otters knitting'

beforeAll(async () => {
  server = await startTestServer({ instances: 2, env: { CARDEA_TRUSTED_PROXIES: '127.0.0.1' } })
})
afterAll(() => server.stop())

const linkTo = (ticket: string) => `/account/password?ticket=${ticket}`
const rowOf = (id: string) => server.database.prisma.user.findUniqueOrThrow({ where: { id } })

describe('a forgotten password (RE-02)', () => {
  test('is replaced by link: every session and token ends, nobody is signed in, the second factor is still asked, and the user is told', async () => {
    const person = await addPerson(server)
    await server.database.prisma.user.update({ where: { id: person.id }, data: { emailVerified: false } })
    const client = await addClient(server, { firstParty: true })
    const tokens = await tokensFor(server, client, person, {
      scope: 'openid offline_access',
      prompt: 'consent',
    })
    const before = await rowOf(person.id)
    const agent = createUserAgent(server)
    expect(await askForReset(server, person.email, { agent })).toMatchObject({
      status: 303,
      location: '/forgot/check',
    })
    // Nothing has changed so far.
    expect(await rowOf(person.id)).toEqual(before)
    expect((await refresh(server, client, tokens.refresh_token)).status).toBe(200)
    const { ticket } = await newestMail(server, person.email, 'reset')
    expect(await choosePassword(agent, linkTo(ticket), fresh)).toMatchObject({
      status: 303,
      location: '/account/password-set',
    })
    expect((await agent.get(linkTo(ticket))).status).toBe(410)
    const silent = await tokens.agent.get(authorizeUrl(client, pkce().challenge, { prompt: 'none' }))
    expect(silent.location).toContain('error=login_required')
    expect((await agent.get(authorizeUrl(client, pkce().challenge, { prompt: 'none' }))).location).toContain(
      'error=login_required',
    )
    const next = await walk(
      server,
      agent,
      authorizeUrl(client, pkce().challenge),
      { ...person, password: fresh },
      { stopAt: /^totp$/ },
    )
    expect(stepOf(next)).toBe('totp')
    expect(await newestMail(server, person.email, 'security-notice')).toMatchObject({
      what: 'password_changed',
    })
    // Whoever used the link reads the mails of this address.
    expect((await rowOf(person.id)).emailVerified).toBe(true)
  })

  test('is replaced by code, which is traded for the page of the link and ends the mailed link', async () => {
    const person = await addPerson(server)
    const agent = createUserAgent(server)
    await askForReset(server, person.email, { agent })
    const { ticket, code } = await newestMail(server, person.email, 'reset')
    const traded = await typeCode(agent, '/forgot/check', code)
    expect(traded.status).toBe(303)
    expect(traded.location).toMatch(/^\/account\/password\?ticket=[\w-]{43}$/)
    expect((await server.ask(linkTo(ticket))).status).toBe(410)
    // The code is used up too: sent once more by the same browser, it leads to the same page for two minutes, and to none anew.
    expect((await typeCode(agent, '/forgot/check', code)).location).toBe(traded.location)
    await server.database.prisma
      .$executeRaw`UPDATE mail_tickets SET expires_at = now() WHERE purpose = 'answered'`
    expect((await typeCode(agent, '/forgot/check', code)).status).toBe(422)
    expect((await choosePassword(agent, traded.location ?? '', fresh)).status).toBe(303)
    expect((await rowOf(person.id)).passwordHash).not.toBeNull()
  })

  test('of many who bring link or code at once to two instances, one succeeds (FT-14)', async () => {
    const person = await addPerson(server)
    const agent = createUserAgent(server)
    await askForReset(server, person.email, { agent })
    const { ticket, code } = await newestMail(server, person.email, 'reset')
    const byCode = formOf(await agent.get('/forgot/check'), /check$/)
    const byLink = formOf(await agent.get(linkTo(ticket)), /password$/)
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, nth) =>
        nth % 4 === 0
          ? agent.clone().post(byCode.action, { ...byCode.fields, code }, { headers: fromElsewhere() })
          : agent.post(byLink.action, { ...byLink.fields, password: `${fresh} ${nth}` }),
      ),
    )
    const won = answers.filter(
      ({ location = '' }) =>
        location === '/account/password-set' || location.startsWith('/account/password?'),
    )
    // The same code sent again by the same browser leads to the same place.
    expect(new Set(won.map(({ location }) => location)).size).toBe(1)
    expect(answers.filter(({ location }) => location === '/account/password-set').length).toBeLessThan(2)
    expect(answers.filter(({ status }) => status >= 500)).toEqual([])
  })

  test('a right code sent twice at once by one browser is traded once, and both answers lead to the same page (RE-02, FT-14)', async () => {
    const person = await addPerson(server)
    const agent = createUserAgent(server)
    await askForReset(server, person.email, { agent })
    const { code } = await newestMail(server, person.email, 'reset')
    const { action, fields } = formOf(await agent.get('/forgot/check'), /check$/)
    const type = () => agent.clone().post(action, { ...fields, code }, { headers: fromElsewhere() })
    let posts: Promise<Answer[]> | undefined
    // Both have found the code to be right before either can use it up.
    await server.database.transaction(async (tx) => {
      await tx.$queryRaw`SELECT 1 FROM mail_tickets WHERE email = ${person.email} FOR UPDATE`
      posts = Promise.all([type(), type()])
      await untilWaiting(server, { statements: 2 })
    })
    const [won, second] = (await posts) ?? []
    expect([won?.status, second?.status]).toEqual([303, 303])
    expect(second?.location).toBe(won?.location)
    expect((await choosePassword(agent, won?.location ?? '', fresh)).status).toBe(303)
  })

  test('leads back to the sign-in that it was forgotten in, which the app hears of as if nothing had happened (RE-02)', async () => {
    const person = await addPerson(server)
    const client = await addClient(server, { firstParty: true })
    await addApi(server)
    const { verifier, challenge } = pkce()
    const agent = createUserAgent(server)
    const begun = await walk(
      server,
      agent,
      authorizeUrl(client, challenge, { scope: 'openid orders:read', resource: 'https://api.example/' }),
      null,
    )
    const [, path = '', uid = ''] = /href="(\/forgot\?interaction=([\w-]+))"/.exec(begun.text) ?? []
    const form = formOf(await agent.get(path), /\/forgot$/)
    await agent.post(form.action, { ...form.fields, email: person.email }, { headers: fromElsewhere() })
    const { ticket } = await newestMail(server, person.email, 'reset')
    const set = await choosePassword(agent, linkTo(ticket), fresh)
    expect([set.status, set.location]).toEqual([303, `/account/password-set?interaction=${uid}`])
    const page = await agent.get(set.location ?? '')
    const again = `/interaction/${uid}/start-again`
    expect(page.text).toContain(`href="${again}"`)
    const answer = await walk(server, agent, again, { ...person, password: fresh })
    expect(told(answer)).toMatchObject({ state: 'st4te' })
    const { code = '' } = told(answer)
    const tokens = (
      await redeem(server, client, { code, verifier }, { resource: 'https://api.example/' })
    ).json<Tokens>()
    expect(tokens.scope).toContain('orders:read')
    // It is this browser's: nobody else learns what was asked.
    const stranger = await createUserAgent(server).get(again)
    expect([stranger.status, stranger.location]).toEqual([400, undefined])
  })

  test('leads to no sign-in that another mail was asked for in (RE-02)', async () => {
    const person = await addPerson(server)
    const agent = createUserAgent(server)
    const { uid } = await reach(server, await addClient(server), null, 'login', { agent })
    const form = formOf(await agent.get(`/forgot?interaction=${uid}`), /\/forgot$/)
    await agent.post(form.action, { ...form.fields, email: person.email }, { headers: fromElsewhere() })
    const issued = await server.database.transaction((tx) =>
      issuePasswordTicket(tx, { userId: person.id, purpose: 'reset' }),
    )
    const set = await choosePassword(agent, linkTo(issued?.ticket ?? ''), fresh)
    expect(set.location).toBe('/account/password-set')
  })

  test('is not touched by mail scanners, and the link leads to the issuer', async () => {
    const person = await addPerson(server)
    await askForReset(server, person.email)
    const { ticket } = await newestMail(server, person.email, 'reset')
    for (const ask of [{}, { method: 'HEAD' }, { headers: { 'sec-purpose': 'prefetch' } }])
      expect((await server.ask(linkTo(ticket), ask)).status).toBe(200)
    expect((await choosePassword(createUserAgent(server), linkTo(ticket), fresh)).status).toBe(303)
  })

  test.each<[string, (id: string) => Promise<unknown>]>([
    ['the user is disabled', (id) => setDisabled(server.database.prisma, id, true)],
    [
      'a new password is set another way',
      async (id) => {
        const issued = await server.database.transaction((tx) =>
          issuePasswordTicket(tx, { userId: id, purpose: 'reset' }),
        )
        await choosePassword(createUserAgent(server), linkTo(issued?.ticket ?? ''), `${fresh} again`)
      },
    ],
    [
      'its time is over',
      () => server.database.prisma.$executeRaw`UPDATE mail_tickets SET expires_at = now()`,
    ],
  ])('ends when %s', async (_, end) => {
    const person = await addPerson(server)
    await askForReset(server, person.email)
    const { ticket } = await newestMail(server, person.email, 'reset')
    await end(person.id)
    expect((await server.ask(linkTo(ticket))).status).toBe(410)
  })
})

describe('who has an account is not told (TH-04)', () => {
  test('by status, pages, headers, cookies, rows and the number of mails', async () => {
    const [known, disabled] = [await addPerson(server), await addPerson(server)]
    await setDisabled(server.database.prisma, disabled.id, true)
    const unknown = `${randomUUID()}@example.com`
    const seen = new Map<string, unknown>()
    for (const email of [known.email, disabled.email, unknown]) {
      const agent = createUserAgent(server)
      const asked = await askForReset(server, email, { agent })
      const wait = await agent.get('/forgot/check')
      const wrong = await typeCode(agent, '/forgot/check', '123456')
      const { prisma } = server.database
      const [tickets, mails] = [
        await prisma.mailTicket.count({ where: { email } }),
        await prisma.mail.count({ where: { recipient: email } }),
      ]
      seen.set(email, {
        asked: visible(asked, email),
        wait: visible(wait, email),
        wrong: visible(wrong, email),
        tickets,
        mails,
      })
    }
    expect(seen.get(known.email)).toEqual(seen.get(unknown))
    expect(seen.get(disabled.email)).toEqual(seen.get(unknown))
    expect((await mailsOf(server, unknown)).map(({ template }) => template)).toEqual(['no-account'])
    expect((await mailsOf(server, disabled.email)).map(({ template }) => template)).toEqual(['no-account'])
  })

  test('by how long it takes', async () => {
    const rounds = 30
    const known: string[] = []
    for (let nth = 0; nth < rounds; nth += 1) {
      const email = `${randomUUID()}@example.com`
      await createUser(server.database.prisma, { email })
      known.push(email)
    }
    const agent = createUserAgent(server)
    const form = formOf(await agent.get('/forgot'), /\/forgot$/)
    const times = { known: [] as number[], unknown: [] as number[] }
    for (const knownEmail of known)
      for (const kind of ['known', 'unknown'] as const) {
        const email = kind === 'known' ? knownEmail : `${randomUUID()}@example.com`
        const before = performance.now()
        const answer = await agent.post('/forgot', { ...form.fields, email }, { headers: fromElsewhere() })
        times[kind].push(performance.now() - before)
        expect(answer.status).toBe(303)
      }
    // No difference is a half; a mail sent inside the request, or a statement left out, would be near 0 or 1.
    expect(Math.abs(shareAbove(times.known, times.unknown) - 0.5)).toBeLessThan(0.3)
  })

  test('by a code: for nobody there is no right one', async () => {
    const email = `${randomUUID()}@example.com`
    await askForReset(server, email)
    const rows = await server.database.prisma.mailTicket.findMany({ where: { email } })
    expect(rows).toHaveLength(1)
    expect(rows[0]?.userId).toBeNull()
  })
})

describe('asking for a new password is throttled', () => {
  test('a mailbox gets five mails an hour, without a word, and what it got stays good', async () => {
    const person = await addPerson(server)
    for (let nth = 0; nth < 7; nth += 1) expect((await askForReset(server, person.email)).status).toBe(303)
    const mails = await mailsOf(server, person.email)
    expect(mails).toHaveLength(5)
    const { ticket } = await newestMail(server, person.email, 'reset')
    expect((await server.ask(linkTo(ticket))).status).toBe(200)
  })

  test('also when asked from everywhere at once on two instances', async () => {
    const person = await addPerson(server)
    const agent = createUserAgent(server)
    const form = formOf(await agent.get('/forgot'), /\/forgot$/)
    await Promise.all(
      Array.from({ length: 20 }, () =>
        agent.post('/forgot', { ...form.fields, email: person.email }, { headers: fromElsewhere() }),
      ),
    )
    expect(await mailsOf(server, person.email)).toHaveLength(5)
    expect(await server.database.prisma.mailTicket.count({ where: { email: person.email } })).toBe(1)
  })

  test('but what strangers ask for does not use up what tells the owner (notices are counted apart)', async () => {
    const person = await addPerson(server)
    for (let nth = 0; nth < 6; nth += 1) await askForReset(server, person.email)
    const { ticket } = await newestMail(server, person.email, 'reset')
    await choosePassword(createUserAgent(server), linkTo(ticket), fresh)
    expect(await newestMail(server, person.email, 'security-notice')).toMatchObject({
      what: 'password_changed',
    })
  })

  test('one network is refused with 429 and Retry-After, over both instances, whoever it asks for (HT-05)', async () => {
    const headers = fromElsewhere()
    const person = await addPerson(server)
    const statuses = []
    for (let nth = 0; nth < 5; nth += 1)
      statuses.push((await askForReset(server, person.email, { headers })).status)
    expect(statuses).toEqual([303, 303, 303, 429, 429])
    expect((await askForReset(server, person.email)).status).toBe(303)
    const nobody = await askForReset(server, `${randomUUID()}@example.com`, { headers })
    expect(nobody.status).toBe(303)
  })

  test('strangers in one network, a /48 of IPv6 included, leave mails for the owner: elsewhere, and behind the same router in a browser that is known (TH-03)', async () => {
    for (const owner of ['elsewhere', 'known']) {
      const person = await addPerson(server)
      const agent = createUserAgent(server)
      const client = await addClient(server, { firstParty: true })
      if (owner === 'known') await walk(server, agent, authorizeUrl(client, pkce().challenge), person)
      const from = (nth: number) => ({ 'x-forwarded-for': `2001:db8:${owner.length}:${nth}::1` })
      const strangers = []
      for (let nth = 0; nth < 8; nth += 1)
        strangers.push((await askForReset(server, person.email, { headers: from(nth) })).status)
      expect(strangers).toEqual([303, 303, 303, 429, 429, 429, 429, 429])
      const before = await newestMail(server, person.email, 'reset')
      const headers = owner === 'known' ? from(1) : fromElsewhere()
      expect((await askForReset(server, person.email, { agent, headers })).status).toBe(303)
      const { ticket } = await newestMail(server, person.email, 'reset')
      expect(ticket).not.toBe(before.ticket)
      expect((await choosePassword(createUserAgent(server), linkTo(ticket), fresh)).status).toBe(303)
    }
  })

  test('wrong codes are counted per address and day, over many tickets; the link is not', async () => {
    const person = await addPerson(server)
    const agents = []
    for (let nth = 0; nth < 5; nth += 1) {
      const agent = createUserAgent(server)
      await askForReset(server, person.email, { agent })
      agents.push(agent)
    }
    const answers = []
    for (let nth = 0; nth < 21; nth += 1) {
      const agent = agents[nth % 5] ?? createUserAgent(server)
      answers.push((await typeCode(agent, '/forgot/check', '000000')).status)
    }
    expect(answers.slice(0, 20)).toEqual(Array.from({ length: 20 }, () => 422))
    expect(answers[20]).toBe(429)
    const { ticket } = await newestMail(server, person.email, 'reset')
    expect((await choosePassword(createUserAgent(server), linkTo(ticket), fresh)).status).toBe(303)
  })
})

describe('what a request says', () => {
  test('reaches no mail: Host, X-Forwarded-Host, an absolute address, Referer (HT-01)', async () => {
    const person = await addPerson(server)
    const agent = createUserAgent(server)
    const form = formOf(await agent.get('/forgot'), /\/forgot$/)
    const body = { ...form.fields, email: person.email }
    const evil = 'evil.example'
    expect((await agent.post('/forgot', body, { headers: { host: evil } })).status).toBe(421)
    await agent.post('/forgot', body, {
      headers: { ...fromElsewhere(), 'x-forwarded-host': evil, 'x-host': evil, forwarded: `host=${evil}` },
    })
    const stop = server.instances[0]?.startMailDelivery({ everyMs: 20 })
    try {
      const kept = await waitForMailbox(person.email)
      expect(`${kept.text} ${kept.html} ${kept.subject}`).not.toContain('evil')
      const links = kept.text.match(/https?:\/\/\S+/g) ?? []
      expect(links.length).toBeGreaterThan(0)
      for (const link of links)
        expect(link.startsWith(`${server.issuer}/account/password?ticket=`)).toBe(true)
    } finally {
      await stop?.()
    }
  })

  test('no token, no mail: the form is held against forgery (SE-06)', async () => {
    const person = await addPerson(server)
    const agent = createUserAgent(server)
    expect((await agent.post('/forgot', { email: person.email })).status).toBe(403)
    expect(await mailsOf(server, person.email)).toEqual([])
  })
})

test('without a mail server, people are sent to whoever runs the service', async () => {
  const own = await startTestServer({
    env: { CARDEA_MODE: 'production', CARDEA_ISSUER: 'http://localhost:3000' },
  })
  try {
    const page = await own.ask('/forgot', { headers: { accept: 'text/html' } })
    expect({ status: page.status, says: page.text.includes('sends no mail') }).toEqual({
      status: 403,
      says: true,
    })
  } finally {
    await own.stop()
  }
})

async function waitForMailbox(recipient: string) {
  for (let nth = 0; nth < 200; nth += 1) {
    const kept = await server.database.prisma.mailboxEntry.findFirst({ where: { recipient } })
    if (kept) return kept
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  throw new Error('the mail did not arrive')
}
