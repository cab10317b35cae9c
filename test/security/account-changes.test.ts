import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { generate } from 'otplib'
import { record } from '../../src/audit/index.ts'
import { atAccount, later, send, signInAsked } from '../support/account.ts'
import type { AtAccount } from '../support/account.ts'
import { askSilently } from '../support/authorize.ts'
import type { Answer } from '../support/http-client.ts'
import { addClient, addPerson, addRecoveryCodes } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { refresh, told, tokensFor, walk } from '../support/sign-in.ts'
import { createUserAgent } from '../support/user-agent.ts'

let server: TestServer
let client: Awaited<ReturnType<typeof addClient>>
beforeAll(async () => {
  server = await startTestServer({ instances: 2 })
  client = await addClient(server)
})
afterAll(() => server.stop())

const phrase = 'seven lanterns over quiet harbours'

/** Somebody who has saved their recovery codes: without any, each sign-in would make some, and tell of it. */
async function addOwner(): Promise<Person> {
  const person = await addPerson(server)
  await addRecoveryCodes(server, person)
  return person
}

/** A person at a page of theirs, and signed in at an app in another browser. */
async function withAnother(path: string, person?: Person) {
  const somebody = person ?? (await addOwner())
  const other = await tokensFor(server, client, somebody)
  return { other, ...(await atAccount(server, somebody, path)) }
}

const isOut = async ({ agent }: Pick<AtAccount, 'agent'>) =>
  told(await askSilently(agent, client))['error'] === 'login_required'

async function noticesTo({ email }: Person): Promise<string[]> {
  const rows = await server.database.prisma.mail.findMany({
    where: { recipient: email, template: 'security-notice' },
  })
  const said = ({ id, sealedData }: (typeof rows)[number]) =>
    (JSON.parse(server.sealer.open(sealedData, `mails:${id}`)) as { what: string }).what
  return rows.map(said).toSorted()
}

async function eventsOf({ id: userId }: Person, type: string) {
  return server.database.prisma.auditEvent.findMany({ where: { userId, type } })
}

describe('a new password', () => {
  test('ends every other session and token when that is ticked, as it is by default, keeps this one, and is told by mail (ASVS 7.4.3)', async () => {
    const at = await withAnother('/account/change-password')
    expect(at.page.text).toMatch(/name="end_others" value="yes" checked/)
    const values = { current: at.person.password, password: phrase, end_others: 'yes' }
    expect((await send(at.agent, at.page, /change-password$/, values)).location).toBe('/account/security')
    expect((await at.agent.get('/account/security')).text).toContain('Your password is changed.')
    expect(await isOut(at.other)).toBe(true)
    expect((await refresh(server, client, at.other.refresh_token)).status).toBe(400)
    expect(await noticesTo(at.person)).toEqual(['password_changed'])
    const events = await eventsOf(at.person, 'user.password_changed')
    expect(events.map(({ actorVia, actorUserId }) => [actorVia, actorUserId])).toEqual([
      ['user', at.person.id],
    ])
    const anew = await walk(server, createUserAgent(server), '/account', { ...at.person, password: phrase })
    expect(anew.status).toBe(200)
  })

  test('leaves the others alone when that was unticked', async () => {
    const at = await withAnother('/account/change-password')
    const values = { current: at.person.password, password: phrase }
    await send(at.agent, at.page, /change-password$/, values)
    expect(await isOut(at.other)).toBe(false)
  })

  test('needs the old one, rules kept, and no other change in between; what is refused changes nothing', async () => {
    const at = await atAccount(server, await addPerson(server), '/account/change-password')
    const { password: current } = at.person
    const refused: [Record<string, string>, string][] = [
      [{ current: 'wrong', password: phrase }, 'Your current password is not right'],
      [{ password: phrase }, 'Your current password is not right'],
      [{ current, password: 'short' }, 'too short'],
      [{ current, password: current }, 'This is your current password'],
      [{ current, password: 'x'.repeat(2000) }, 'too long'],
    ]
    for (const [values, words] of refused) {
      const answer = await send(at.agent, at.page, /change-password$/, values)
      expect([answer.status, answer.text.includes(words)]).toEqual([422, true])
    }
    expect(await eventsOf(at.person, 'user.password_changed')).toEqual([])
  })

  test('sent twice is one change, and from two tabs the second hears of the first', async () => {
    const at = await atAccount(server, await addPerson(server), '/account/change-password')
    const values = { current: at.person.password, password: phrase, end_others: 'yes' }
    const answers = await Promise.all([
      send(at.agent, at.page, /change-password$/, values),
      send(at.agent.clone(), at.page, /change-password$/, values),
    ])
    expect(answers.map(({ status }) => status)).toEqual([303, 303])
    const third = await send(at.agent, at.page, /change-password$/, {
      ...values,
      password: 'yet another phrase entirely',
    })
    expect(third.location).toBe('/account/change-password')
    expect((await at.agent.get('/account/change-password')).text).toContain('was changed in the meantime')
    expect(await eventsOf(at.person, 'user.password_changed')).toHaveLength(1)
  })
})

async function begun(at: AtAccount): Promise<Answer> {
  const started = await send(at.agent, await at.agent.get('/account/security'), /security\/totp$/)
  return at.agent.get(started.location ?? '')
}

const secretOn = ({ text }: Answer) => /secret=([A-Z2-7]+)/.exec(text)?.[1] ?? ''

describe('an authenticator app', () => {
  test('begun in two tabs is linked once: the tab that finishes first wins, the other says so (MF-01)', async () => {
    const at = await withAnother('/account/security')
    const [one, other] = [await begun(at), await begun(at)]
    const linked = async (page: Answer) => {
      const answer = await send(at.agent, page, /confirm$/, {
        code: await generate({ secret: secretOn(page) }),
      })
      return (await at.agent.get(answer.location ?? '')).text
    }
    expect(await linked(one)).not.toContain('no longer good')
    expect(await linked(other)).toContain('no longer good: an app was linked in another window')
    const devices = await server.database.prisma.totpCredential.count({ where: { userId: at.person.id } })
    expect(devices).toBe(2)
  })

  test('is added beside the one there is, named, told by mail, and ends other sessions by default (MF-01, MF-07)', async () => {
    const at = await withAnother('/account/security')
    await addRecoveryCodes(server, at.person)
    const page = await begun(at)
    const code = await generate({ secret: secretOn(page) })
    const wrong = await send(at.agent, page, /confirm$/, { code: '000000', name: 'x' })
    expect([wrong.status, secretOn(wrong)]).toEqual([422, secretOn(page)])
    const values = { code, name: `Phone <b>&"'`, end_others: 'yes' }
    expect((await send(at.agent, page, /confirm$/, values)).location).toBe('/account/security')
    const { text } = await at.agent.get('/account/security')
    expect(text).toContain('Phone &lt;b&gt;&amp;&quot;&#39;')
    expect(text).not.toContain('<b>&')
    expect(await isOut(at.other)).toBe(true)
    expect(await noticesTo(at.person)).toContain('totp_added')
    const again = await send(at.agent, page, /confirm$/, values)
    expect(again.location).toBe('/account/security')
    expect(await eventsOf(at.person, 'factor.totp_added')).toHaveLength(2)
  })

  test('cannot be guessed at: the sixth wrong code is not looked at, and machines are told when to come back (MF-01, HT-05)', async () => {
    const at = await atAccount(server, await addPerson(server), '/account/security')
    const page = await begun(at)
    const statuses: number[] = []
    for (let guess = 0; guess < 5; guess += 1)
      statuses.push((await send(at.agent, page, /confirm$/, { code: `00000${guess}`, name: '' })).status)
    expect(statuses).toEqual([422, 422, 422, 422, 422])
    const code = await generate({ secret: secretOn(page) })
    const refused = await send(at.agent, page, /confirm$/, { code, name: '' })
    expect([refused.status, Number(refused.headers['retry-after']) > 800]).toEqual([429, true])
  })

  test('as the first factor brings recovery codes, shown in this browser until they are saved', async () => {
    const own = await startTestServer({ env: { CARDEA_TOTP_POLICY: 'optional' } })
    try {
      const person = await addPerson(own, { totp: false })
      const at = await atAccount(own, person)
      const page = await begun(at)
      const code = await generate({ secret: secretOn(page) })
      const done = await send(at.agent, page, /confirm$/, { code, end_others: 'yes' })
      expect(done.location).toBe('/account/security/recovery-codes')
      const shown = await at.agent.get('/account/security/recovery-codes')
      expect(shown.text.match(/<li><code>/g)).toHaveLength(10)
      await send(at.agent, shown, /saved$/)
      expect((await at.agent.get('/account/security/recovery-codes')).text).not.toContain('<li><code>')
    } finally {
      await own.stop()
    }
  })

  test('that is the last factor stays where everybody must have one, also when two are removed at once', async () => {
    const at = await atAccount(server, await addOwner())
    const page = await begun(at)
    await send(at.agent, page, /confirm$/, { code: await generate({ secret: secretOn(page) }) })
    const rows = await server.database.prisma.totpCredential.findMany({ where: { userId: at.person.id } })
    const pages = await Promise.all(rows.map(({ id }) => at.agent.get(`/account/security/totp/${id}`)))
    const answers = await Promise.all(
      pages.map((one) => send(at.agent.clone(), one, /remove$/, { end_others: 'yes' })),
    )
    expect(answers.map(({ status }) => status)).toEqual([303, 303])
    expect(await server.database.prisma.totpCredential.count({ where: { userId: at.person.id } })).toBe(1)
    expect(await noticesTo(at.person)).toEqual(['totp_added', 'totp_removed'])
    const [left] = await server.database.prisma.totpCredential.findMany({ where: { userId: at.person.id } })
    const last = await at.agent.get(`/account/security/totp/${left?.id ?? ''}`)
    expect(last.text).toContain('This is your last way')
    expect(last.text).not.toMatch(/\/remove"/)
  })
})

describe('recovery codes', () => {
  test('are renewed once, however often the form is sent; the old ones end, and the new ones open nowhere else (RE-01)', async () => {
    const at = await withAnother('/account/security/recovery-codes')
    await addRecoveryCodes(server, at.person)
    const page = await at.agent.get('/account/security/recovery-codes')
    expect(page.text).toContain('10 codes are left')
    const digests = async () =>
      (await server.database.prisma.recoveryCode.findMany({ where: { userId: at.person.id } })).map(
        ({ digest }) => Buffer.from(digest).toString('hex'),
      )
    const before = await digests()
    await send(at.agent, page, /recovery-codes$/, { end_others: 'yes' })
    const after = await digests()
    expect(after.filter((digest) => before.includes(digest))).toEqual([])
    await send(at.agent, page, /recovery-codes$/, { end_others: 'yes' })
    expect(await digests()).toEqual(after)
    const shown = await at.agent.get('/account/security/recovery-codes')
    expect(shown.text.match(/<li><code>/g)).toHaveLength(10)
    expect(await isOut(at.other)).toBe(true)
    expect(await noticesTo(at.person)).toEqual(['recovery_codes_regenerated'])
    const cookie = at.agent.cookies.find(({ name }) => name === 'cardea_codes')
    const stranger = await atAccount(server, await addPerson(server))
    if (cookie) stranger.agent.cookies.push({ ...cookie })
    expect(cookie).toBeDefined()
    expect((await stranger.agent.get('/account/security/recovery-codes')).text).not.toContain('<li><code>')
  })
})

describe('the profile', () => {
  test('keeps name and language, in which the pages then are; a form older than another change changes nothing', async () => {
    const at = await atAccount(server, await addPerson(server), '/account/profile')
    const values = { name: '  Zoë <script>alert(1)</script> ', language: 'de' }
    expect((await send(at.agent, at.page, /profile$/, values)).location).toBe('/account/profile')
    const page = await at.agent.get('/account/profile')
    expect(page.text).toContain('lang="de"')
    expect(page.text).toContain('Ihr Profil ist gespeichert.')
    expect(page.text).not.toContain('<script>alert')
    await send(at.agent, at.page, /profile$/, { name: 'Somebody else', language: '' })
    const user = await server.database.prisma.user.findUnique({ where: { id: at.person.id } })
    expect([user?.name, user?.locale]).toEqual(['Zoë <script>alert(1)</script>', 'de'])
    const events = await eventsOf(at.person, 'user.updated')
    expect(events.map(({ detail, actorVia }) => [detail, actorVia])).toEqual([
      [{ fields: ['name', 'locale'] }, 'user'],
    ])
  })

  test.each(['x'.repeat(300), 'a\u0007b'])('refuses a name that cannot be shown', async (name) => {
    const at = await atAccount(server, await addPerson(server), '/account/profile')
    expect((await send(at.agent, at.page, /profile$/, { name, language: '' })).status).toBe(422)
  })

  test('asks for another address by mail alone, and answers alike whether somebody has it (TH-04)', async () => {
    const taken = await addPerson(server)
    const answers = []
    for (const email of [taken.email, `nobody-${Date.now()}@example.com`]) {
      const at = await atAccount(server, await addPerson(server), '/account/email')
      const answer = await send(at.agent, at.page, /email$/, { email })
      answers.push([answer.status, answer.location])
      const user = await server.database.prisma.user.findUnique({ where: { id: at.person.id } })
      expect(user?.email).toBe(at.person.email)
    }
    expect(answers).toEqual([
      [303, '/account/email/check'],
      [303, '/account/email/check'],
    ])
    const at = await atAccount(server, await addPerson(server), '/account/email')
    expect((await send(at.agent, at.page, /email$/, { email: 'not an address' })).status).toBe(422)
  })
})

describe('my data', () => {
  test('is everything about the person and nothing that opens anything: no hash, no seed, no digest, no code', async () => {
    const at = await withAnother('/account/data')
    await addRecoveryCodes(server, at.person)
    const answer = await send(at.agent, at.page, /\/account\/data$/)
    expect(answer.headers['content-disposition']).toContain('account.json')
    const data = answer.json<{ account: { email: string }; sessions: unknown[]; activity: unknown[] }>()
    expect(data.account.email).toBe(at.person.email)
    expect(data.sessions).toHaveLength(2)
    expect(data.activity.length).toBeGreaterThan(2)
    const { prisma } = server.database
    const user = await prisma.user.findUnique({ where: { id: at.person.id } })
    const [totp] = await prisma.totpCredential.findMany({ where: { userId: at.person.id } })
    for (const secret of [user?.passwordHash, totp?.sealedSeed, at.person.totpSecret, '$argon2', 'digest'])
      expect(answer.text).not.toContain(secret ?? 'no secret')
    for (const { value } of at.agent.cookies) expect(answer.text).not.toContain(value)
    expect(await eventsOf(at.person, 'user.data_downloaded')).toHaveLength(1)
  })

  test('tells of what an operator did, and not who it was nor from where', async () => {
    const [operator, owner] = [await addPerson(server), await addOwner()]
    const actor = {
      via: 'admin_api',
      userId: operator.id,
      clientId: client.id,
      requestId: 'req-of-operator',
    } as const
    await server.database.transaction(async (tx) => {
      await record(tx, { type: 'user.updated', userId: owner.id, ip: '203.0.113.99', actor })
      const own = { via: 'user', userId: owner.id, requestId: 'req-of-owner' } as const
      await record(tx, { type: 'user.updated', userId: owner.id, ip: '198.51.100.99', actor: own })
    })
    const at = await atAccount(server, owner, '/account/data')
    const answer = await send(at.agent, at.page, /\/account\/data$/)
    type Told = { type: string; actor?: object; ip?: string; request_id?: string }
    const { activity } = answer.json<{ activity: Told[] }>()
    const told = activity.filter(({ type }) => type === 'user.updated')
    expect(told.map(({ actor: by, ip, request_id: request }) => ({ by, ip, request }))).toEqual([
      { by: { via: 'user', user_id: owner.id }, ip: '198.51.100.99', request: 'req-of-owner' },
      { by: { via: 'admin_api' }, ip: undefined, request: undefined },
    ])
    for (const trace of [operator.id, operator.email, '203.0.113.99', 'req-of-operator'])
      expect(answer.text).not.toContain(trace)
  })
})

describe('deleting the account', () => {
  test('takes a fresh sign-in and the address typed; then nothing of it is left but the audit, and nobody gets in (SE-08)', async () => {
    const at = await withAnother('/account/delete')
    for (const confirm of ['', 'yes', 'somebody@else.example']) {
      const refused = await send(at.agent, at.page, /delete$/, { confirm })
      expect([refused.status, refused.text.includes('This is not your email address')]).toEqual([422, true])
    }
    const answer = await send(at.agent, at.page, /delete$/, { confirm: ` ${at.person.email.toUpperCase()} ` })
    expect(answer.location).toBe('/account/deleted')
    expect((await at.agent.get('/account/deleted')).text).toContain('Your account is deleted')
    expect((await refresh(server, client, at.other.refresh_token)).status).toBe(400)
    expect(await isOut(at.other)).toBe(true)
    expect(signInAsked(await at.agent.get('/account'))).not.toBeNull()
    const { prisma } = server.database
    expect(await prisma.user.findUnique({ where: { id: at.person.id } })).toBeNull()
    for (const count of [
      prisma.consent.count({ where: { userId: at.person.id } }),
      prisma.consentReceipt.count({ where: { userId: at.person.id } }),
      prisma.trustedBrowser.count({ where: { userId: at.person.id } }),
      prisma.totpCredential.count({ where: { userId: at.person.id } }),
    ])
      expect(await count).toBe(0)
    expect(await noticesTo(at.person)).toEqual(['account_deleted'])
    const events = await eventsOf(at.person, 'user.deleted')
    expect(events.map(({ actorVia }) => actorVia)).toEqual(['user'])
    const agent = createUserAgent(server)
    const login = await walk(server, agent, '/account', null)
    const { email, password } = at.person
    const refused = await send(agent, login, /login$/, { email, password })
    expect([refused.status, refused.location]).toEqual([422, undefined])
  })

  test('is not for the last owner, and of two owners who go at once one stays', async () => {
    const own = await startTestServer({ instances: 2 })
    try {
      const owners = await Promise.all([addPerson(own), addPerson(own)])
      const role = { data: { role: 'owner' as const } }
      for (const { id } of owners) await own.database.prisma.user.update({ where: { id }, ...role })
      const ats = []
      for (const owner of owners) ats.push(await atAccount(own, owner, '/account/delete'))
      const answers = await Promise.all(
        ats.map(({ agent, page, person }) => send(agent, page, /delete$/, { confirm: person.email })),
      )
      expect(answers.map(({ status }) => status).toSorted()).toEqual([303, 422])
      expect(await own.database.prisma.user.count({ where: { role: 'owner' } })).toBe(1)
      const [left] = ats.filter((_, index) => answers[index]?.status === 422)
      expect((await left?.agent.get('/account/delete'))?.text).toContain('You are the last owner')
    } finally {
      await own.stop()
    }
  })

  test('asks again after five minutes, form or page (MF-07)', async () => {
    const at = await atAccount(server, await addPerson(server), '/account/delete')
    await later(server, at)
    expect(signInAsked(await send(at.agent, at.page, /delete$/, { confirm: at.person.email }))).not.toBeNull()
    expect(await server.database.prisma.user.count({ where: { id: at.person.id } })).toBe(1)
  })
})
