import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createUser } from '../../src/users/index.ts'
import type { Answer } from '../support/http-client.ts'
import { mailsOf, newestMail } from '../support/mail.ts'
import { fromElsewhere, shareAbove, typeCode, visible } from '../support/mail-forms.ts'
import { addClient, addPerson } from '../support/people.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { authorizeUrl, pkce, stepOf, walk } from '../support/sign-in.ts'
import { createUserAgent, formOf } from '../support/user-agent.ts'
import type { UserAgent } from '../support/user-agent.ts'

let server: TestServer
const password = 'seven quiet otters knitting'

beforeAll(async () => {
  server = await startTestServer({ instances: 2, env: { CARDEA_TRUSTED_PROXIES: '127.0.0.1' } })
})
afterAll(() => server.stop())

const newcomer = () => `${randomUUID()}@example.com`
const userOf = (email: string) => server.database.prisma.user.findUnique({ where: { email } })

const createdOf = async (email: string) => ({
  userId: (await userOf(email))?.id ?? '',
  type: 'user.created',
})

async function register(
  fields: Record<string, string>,
  { agent = createUserAgent(server), headers = fromElsewhere() } = {},
): Promise<Answer> {
  const form = formOf(await agent.get('/register'), /\/register$/)
  return agent.post(form.action, { ...form.fields, password, ...fields }, { headers })
}

const enterCode = (agent: UserAgent, code: string) => typeCode(agent, '/register/check', code)

async function follow(ticket: string, agent = createUserAgent(server)): Promise<Answer> {
  const form = formOf(await agent.get(`/register/confirm?ticket=${ticket}`), /\/register\/confirm$/)
  return agent.post(form.action, form.fields)
}

describe('registering', () => {
  test('makes nothing before the address is confirmed, and then an account with a verified address, and signs nobody in', async () => {
    const email = newcomer()
    const agent = createUserAgent(server)
    const asked = await register({ email: ` ${email.toUpperCase()} `, name: 'Nia New' }, { agent })
    expect(asked).toMatchObject({ status: 303, location: '/register/check' })
    expect(await userOf(email)).toBeNull()
    const { ticket } = await newestMail(server, email, 'register')
    const done = await follow(ticket, agent)
    expect(done).toMatchObject({ status: 303, location: '/register/done' })
    expect(await userOf(email)).toMatchObject({
      emailVerified: true,
      name: 'Nia New',
      locale: 'en',
      role: null,
    })
    expect((await agent.get('/register/done')).text).toContain('Your account is ready')
    const client = await addClient(server, { firstParty: true })
    const silent = await agent.get(authorizeUrl(client, pkce().challenge, { prompt: 'none' }))
    expect(silent.location).toContain('error=login_required')
    const person = { id: '', email, password, totpSecret: null }
    const next = await walk(server, agent, authorizeUrl(client, pkce().challenge), person, {
      stopAt: /enrol/,
    })
    expect(stepOf(next)).toBe('totp-enrol')
  })

  test('works by the code too, in the browser that asked', async () => {
    const email = newcomer()
    const agent = createUserAgent(server)
    await register({ email }, { agent })
    const { code, ticket } = await newestMail(server, email, 'register')
    expect(code).toMatch(/^\d{6}$/)
    const spaced = `${code.slice(0, 3)} ${code.slice(3)}`
    expect(await enterCode(agent, spaced)).toMatchObject({ status: 303, location: '/register/done' })
    expect(await userOf(email)).not.toBeNull()
    expect((await server.ask(`/register/confirm?ticket=${ticket}`)).status).toBe(410)
  })

  test('goes back to the sign-in that was under way, also when the app asks for a new account (prompt=create)', async () => {
    const client = await addClient(server, { firstParty: true })
    const agent = createUserAgent(server)
    const start = authorizeUrl(client, pkce().challenge, { prompt: 'create' })
    const page = await walk(server, agent, start, null)
    expect(page.text).toContain('Create an account')
    const form = formOf(page, /\/register$/)
    const email = newcomer()
    await agent.post('/register', { ...form.fields, email, password }, { headers: fromElsewhere() })
    const { code } = await newestMail(server, email, 'register')
    await enterCode(agent, code)
    const onward = /class="button primary" href="(\/interaction\/[\w-]+)"/.exec(
      (await agent.get('/register/done')).text,
    )
    const person = { id: '', email, password, totpSecret: null }
    const answer = await walk(server, agent, onward?.[1] ?? '', person)
    expect(answer.location).toMatch(/^https:\/\/rp\.example\/cb\?code=/)
    const metadata = (await server.ask('/.well-known/openid-configuration')).json()
    expect(metadata['prompt_values_supported']).toContain('create')
  })

  test('never leads to another place than a sign-in here', async () => {
    for (const evil of ['https://evil.example', '//evil.example', '../../x', 'a'.repeat(200), '"><script>']) {
      const page = await server.ask(`/register?interaction=${encodeURIComponent(evil)}`)
      expect(page.text).not.toContain('evil.example')
      expect(page.text).not.toContain('<script>')
      expect(page.text).not.toContain('name="interaction"')
    }
  })

  test('takes no bad address, name or password, and says so at the field', async () => {
    const bad: [Record<string, string>, string][] = [
      [{ email: 'nobody' }, 'email'],
      [{ email: newcomer(), name: 'x\u0000'.replace('\u0000', '\u0007') }, 'name'],
      [{ email: newcomer(), password: 'short' }, 'password'],
      [{ email: newcomer(), password: 'x'.repeat(1025) }, 'password'],
    ]
    for (const [fields, name] of bad) {
      const answer = await register(fields)
      expect({ name, status: answer.status }).toEqual({ name, status: 422 })
      expect(answer.text).toMatch(new RegExp(`<input id="${name}"[^>]*aria-invalid="true"`))
      expect(answer.text).not.toMatch(/name="password"[^>]*value=/)
      expect(await mailsOf(server, fields['email'] ?? '')).toEqual([])
    }
  })
})

describe('an address that has an account', () => {
  test('is answered like one that has none: status, page, headers, cookies, rows; only the mail tells (TH-04)', async () => {
    const { email: known } = await addPerson(server)
    const unknown = newcomer()
    const seen = []
    for (const email of [known, unknown]) {
      const agent = createUserAgent(server)
      const answer = await register({ email }, { agent })
      const check = await agent.get('/register/check')
      const wrong = await enterCode(agent, '000000')
      const rows = await server.database.prisma.mailTicket.count({ where: { email, purpose: 'register' } })
      seen.push({
        asked: visible(answer, email),
        check: visible(check, email),
        wrong: visible(wrong, email),
        rows,
      })
    }
    expect(seen[0]).toEqual(seen[1])
    expect(seen[0]?.asked).toMatchObject({ status: 303 })
    expect((await mailsOf(server, known)).map(({ template }) => template)).toEqual(['already-registered'])
    expect((await mailsOf(server, unknown)).map(({ template }) => template)).toEqual(['register'])
  })

  test('is answered in the same time: one that skips the hash would be found out (TH-04)', async () => {
    const rounds = 30
    // Each asked for once: an address that gets no further mail costs less, whoever has it.
    const addresses = { known: [] as string[], unknown: [] as string[] }
    for (let nth = 0; nth < rounds; nth += 1) {
      const email = newcomer()
      await createUser(server.database.prisma, { email })
      addresses.known.push(email)
      addresses.unknown.push(newcomer())
    }
    const agent = createUserAgent(server)
    const form = formOf(await agent.get('/register'), /\/register$/)
    const costOf = async (email: string) => {
      const before = process.cpuUsage()
      const answer = await agent.post(
        '/register',
        { ...form.fields, email, password },
        { headers: fromElsewhere() },
      )
      const { user, system } = process.cpuUsage(before)
      expect(answer.status).toBe(303)
      return user + system
    }
    for (let nth = 0; nth < 3; nth += 1) await costOf(newcomer())
    const costs = { known: [] as number[], unknown: [] as number[] }
    for (let nth = 0; nth < rounds; nth += 1)
      // In turns, and who is first in turns as well: what one leaves behind, the other must not pay for each time.
      for (const kind of nth % 2 === 0 ? (['known', 'unknown'] as const) : (['unknown', 'known'] as const))
        costs[kind].push(await costOf(addresses[kind][nth] ?? ''))
    // No difference is a half; a statement more or less is within this, a hash is not. Four standard deviations either way.
    expect(Math.abs(shareAbove(costs.known, costs.unknown) - 0.5)).toBeLessThan(0.3)
    // What the threshold is for: the same costs without the hash.
    const hash = await costOfHash()
    const skipped = costs.known.map((cost) => cost - hash)
    expect(Math.abs(shareAbove(skipped, costs.unknown) - 0.5)).toBeGreaterThan(0.3)
  })

  test('whose mail is confirmed after somebody else got the address makes no second account', async () => {
    const email = newcomer()
    await register({ email })
    const { ticket } = await newestMail(server, email, 'register')
    const before = await addPerson(server, { email })
    expect((await follow(ticket)).status).toBe(409)
    expect((await userOf(email))?.id).toBe(before.id)
  })
})

describe('registering somebody else’s address', () => {
  test('gets nobody into the account that its owner then confirms: what a stranger entered is left behind (RE-02, TH-04)', async () => {
    const email = newcomer()
    const victim = createUserAgent(server)
    await register({ email, name: 'Vera' }, { agent: victim })
    // The newer ticket ends the victim's; the mail looks the same.
    await register({ email, name: 'Mallory', password: 'the password of the stranger' })
    const { ticket } = await newestMail(server, email, 'register')
    const confirmed = await follow(ticket, victim)
    expect(confirmed.location).toMatch(/^\/account\/password\?ticket=[\w-]{43}$/)
    expect(await userOf(email)).toMatchObject({ passwordHash: null, name: null, emailVerified: true })
    const client = await addClient(server, { firstParty: true })
    const stranger = { id: '', email, password: 'the password of the stranger', totpSecret: null }
    const elsewhere = createUserAgent(server)
    const login = formOf(
      await walk(server, elsewhere, authorizeUrl(client, pkce().challenge), null, { stopAt: /^login$/ }),
      /\/login$/,
    )
    const guess = await elsewhere.post(login.action, { ...login.fields, email, password: stranger.password })
    expect(guess.status).toBe(422)

    const form = formOf(await victim.get(confirmed.location ?? ''), /\/account\/password$/)
    const set = await victim.post(form.action, { ...form.fields, password })
    expect(set).toMatchObject({ status: 303, location: '/account/password-set' })
    const next = await walk(
      server,
      victim,
      authorizeUrl(client, pkce().challenge),
      { ...stranger, password },
      {
        stopAt: /enrol/,
      },
    )
    expect(stepOf(next)).toBe('totp-enrol')
  })
})

describe('the ticket of a registration', () => {
  test('is not used up by looking at it, as mail scanners do', async () => {
    const email = newcomer()
    await register({ email })
    const { ticket } = await newestMail(server, email, 'register')
    const path = `/register/confirm?ticket=${ticket}`
    for (const ask of [{}, { method: 'HEAD' }, { headers: { 'sec-purpose': 'prefetch' } }])
      expect((await server.ask(path, ask)).status).toBe(200)
    expect(await userOf(email)).toBeNull()
    expect((await follow(ticket)).status).toBe(303)
  })

  test('of many who bring it at once to two instances, by link and by code, works for one (FT-14)', async () => {
    const email = newcomer()
    const agent = createUserAgent(server)
    await register({ email }, { agent })
    const { ticket, code } = await newestMail(server, email, 'register')
    const byCode = formOf(await agent.get('/register/check'), /check$/)
    const byLink = formOf(await agent.get(`/register/confirm?ticket=${ticket}`), /confirm$/)
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, nth) =>
        nth % 5 === 0
          ? agent.clone().post(byCode.action, { ...byCode.fields, code }, { headers: fromElsewhere() })
          : agent.post(byLink.action, byLink.fields),
      ),
    )
    const ways = answers.flatMap(({ location }, nth) =>
      location === '/register/done' ? [nth % 5 === 0 ? 'code' : 'link'] : [],
    )
    // The same form sent again by the same browser leads to the same place; the other way in does not.
    expect(new Set(ways).size).toBe(1)
    expect(await server.database.prisma.auditEvent.count({ where: await createdOf(email) })).toBe(1)
    expect(answers.filter(({ status }) => status >= 500)).toEqual([])
  })

  test('sent twice leads to the same place twice, by code and in another browser, where a password is to be chosen', async () => {
    const email = newcomer()
    const agent = createUserAgent(server)
    await register({ email }, { agent })
    const { code } = await newestMail(server, email, 'register')
    const byCode = formOf(await agent.get('/register/check'), /check$/)
    const type = () =>
      agent.clone().post(byCode.action, { ...byCode.fields, code }, { headers: fromElsewhere() })
    for (const answer of [...(await Promise.all([type(), type()])), await type()])
      expect(answer).toMatchObject({ status: 303, location: '/register/done' })

    const elsewhere = newcomer()
    await register({ email: elsewhere })
    const { ticket } = await newestMail(server, elsewhere, 'register')
    const reader = createUserAgent(server)
    const byLink = formOf(await reader.get(`/register/confirm?ticket=${ticket}`), /confirm$/)
    const press = (by: UserAgent) => by.clone().post(byLink.action, byLink.fields)
    const [one, two] = await Promise.all([press(reader), press(reader)])
    expect(one.location).toMatch(/^\/account\/password\?ticket=[\w-]{43}$/)
    expect(two.location).toBe(one.location)
    expect((await reader.get(two.location ?? '')).status).toBe(200)
    // Whoever else has the mail gets nothing by it.
    expect((await press(createUserAgent(server))).status).toBe(410)
    expect((await press(agent)).status).toBe(410)
  })

  test('bears five wrong codes, also in parallel and on two instances; the link stays good', async () => {
    const email = newcomer()
    const agent = createUserAgent(server)
    await register({ email }, { agent })
    const { ticket, code } = await newestMail(server, email, 'register')
    const form = formOf(await agent.get('/register/check'), /check$/)
    const wrong = String((Number(code) + 1) % 1_000_000).padStart(6, '0')
    const post = (guess: string) =>
      agent.clone().post(form.action, { ...form.fields, code: guess }, { headers: fromElsewhere() })
    const answers = await Promise.all(Array.from({ length: 12 }, () => post(wrong)))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([422]))
    const row = await server.database.prisma.mailTicket.findFirst({ where: { email } })
    expect(row?.failures).toBe(5)
    expect((await post(code)).status).toBe(422)
    expect((await follow(ticket)).status).toBe(303)
  })

  test('of another browser takes no code', async () => {
    const email = newcomer()
    await register({ email })
    const { code } = await newestMail(server, email, 'register')
    const stranger = createUserAgent(server)
    expect(await stranger.get('/register/check')).toMatchObject({ status: 303, location: '/register' })
    await register({ email: newcomer() }, { agent: stranger })
    expect((await enterCode(stranger, code)).status).toBe(422)
    expect(await userOf(email)).toBeNull()
  })

  test('is ended by a newer one and by its time', async () => {
    const email = newcomer()
    await register({ email })
    const older = await newestMail(server, email, 'register')
    await register({ email })
    const newer = await newestMail(server, email, 'register')
    expect((await server.ask(`/register/confirm?ticket=${older.ticket}`)).status).toBe(410)
    expect((await server.ask(`/register/confirm?ticket=${newer.ticket}`)).status).toBe(200)
    await server.database.prisma
      .$executeRaw`UPDATE mail_tickets SET expires_at = now() WHERE email = ${email}`
    expect((await server.ask(`/register/confirm?ticket=${newer.ticket}`)).status).toBe(410)
  })

  test('leaves no secret in the database or the log: not the link, the code, the password or its hash', async () => {
    const email = newcomer()
    await register({ email, name: 'Sealed Name' })
    const { ticket, code } = await newestMail(server, email, 'register')
    const { prisma } = server.database
    const rows = JSON.stringify([
      await prisma.mailTicket.findMany({ where: { email } }),
      await prisma.mail.findMany({ where: { recipient: email } }),
      server.log,
    ])
    for (const secret of [ticket, password, 'argon2', 'Sealed Name']) expect(rows).not.toContain(secret)
    expect(rows).not.toMatch(new RegExp(`"${code}"`))
  })
})

describe('registration is throttled', () => {
  test('per address and network, with 429 and Retry-After, over both instances (HT-05)', async () => {
    const headers = fromElsewhere()
    const email = newcomer()
    const statuses = []
    for (let nth = 0; nth < 5; nth += 1) statuses.push((await register({ email }, { headers })).status)
    expect(statuses).toEqual([303, 303, 303, 429, 429])
    const refused = await register({ email }, { headers })
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
    expect(refused.text).toContain('too many attempts')
    // What went out before stays good.
    const mails = await mailsOf(server, email)
    expect(mails).toHaveLength(3)
    const { ticket } = await newestMail(server, email, 'register')
    expect((await server.ask(`/register/confirm?ticket=${ticket}`)).status).toBe(200)
  })

  test('by mails, not by tries at a password that is good enough: those leave room for the one that is', async () => {
    const [headers, email] = [fromElsewhere(), newcomer()]
    for (let nth = 0; nth < 10; nth += 1)
      expect((await register({ email, password: `weak${nth}` }, { headers })).status).toBe(422)
    expect(await register({ email }, { headers })).toMatchObject({ status: 303, location: '/register/check' })
    expect(await mailsOf(server, email)).toHaveLength(1)
  })

  test('per network, so that the rows a stranger leaves behind are bounded (HT-05)', async () => {
    const agent = createUserAgent(server)
    const form = formOf(await agent.get('/register'), /\/register$/)
    const before = await server.database.prisma.mailTicket.count()
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, nth) =>
        agent.post(
          '/register',
          { ...form.fields, email: newcomer(), password: 'short' },
          { headers: { 'x-forwarded-for': `2001:db8:77:1::${nth}` } },
        ),
      ),
    )
    expect(answers.filter(({ status }) => status === 422)).toHaveLength(40)
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(20)
    expect(await server.database.prisma.mailTicket.count()).toBe(before)
  })
})

describe('who may register', () => {
  test.each([
    ['invitation', 'by invitation'],
    ['closed', 'No new accounts'],
  ])('policy %s refuses page and form, and the sign-in page has no link', async (policy, words) => {
    const own = await startTestServer({ env: { CARDEA_REGISTRATION: policy } })
    try {
      const page = await own.ask('/register')
      expect({ status: page.status, says: page.text.includes(words) }).toEqual({ status: 403, says: true })
      const posted = await createUserAgent(own).post('/register', { email: newcomer(), password })
      expect(posted.status).toBe(403)
      const client = await addClient(own)
      const login = await walk(own, createUserAgent(own), authorizeUrl(client, pkce().challenge), null)
      expect(login.text).not.toContain('/register?')
      expect(login.text).toContain('/forgot?')
      const created = await walk(
        own,
        createUserAgent(own),
        authorizeUrl(client, pkce().challenge, { prompt: 'create' }),
        null,
      )
      expect(stepOf(created)).toBe('login')
      expect(await own.database.prisma.mail.count()).toBe(0)
    } finally {
      await own.stop()
    }
  })

  test('only addresses of the domains that are named', async () => {
    const own = await startTestServer({ env: { CARDEA_REGISTRATION_DOMAINS: 'example.com, example.org' } })
    try {
      const agent = createUserAgent(own)
      const form = formOf(await agent.get('/register'), /\/register$/)
      const post = (email: string) => agent.post('/register', { ...form.fields, email, password })
      for (const email of ['a@evil.example', 'a@sub.example.com', 'a@example.com.evil.example'])
        expect((await post(email)).status).toBe(422)
      expect((await post('a@EXAMPLE.org')).status).toBe(303)
    } finally {
      await own.stop()
    }
  })
})

describe('the forms of registration', () => {
  test('are not taken from another site, nor without their tokens (SE-06)', async () => {
    const agent = createUserAgent(server)
    const form = formOf(await agent.get('/register'), /\/register$/)
    const evil = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
    const body = { ...form.fields, email: newcomer(), password }
    expect((await agent.post('/register', body, { headers: evil })).status).toBe(403)
    expect((await agent.post('/register', { email: body.email, password })).status).toBe(403)
    expect((await createUserAgent(server).post('/register', body)).status).toBe(403)
    expect(await mailsOf(server, body.email)).toEqual([])
  })
})

async function costOfHash(): Promise<number> {
  const costs: number[] = []
  for (let nth = 0; nth < 7; nth += 1) {
    const before = process.cpuUsage()
    await server.hasher.hash(password)
    const { user, system } = process.cpuUsage(before)
    costs.push(user + system)
  }
  return costs.sort((a, b) => a - b)[3] ?? 0
}
