import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { generate } from 'otplib'
import { revoke } from '../../src/oidc/index.ts'
import { setDisabled } from '../../src/users/index.ts'
import type { Tx } from '../../src/db/index.ts'
import { atAccount, send, signInAsked } from '../support/account.ts'
import type { AtAccount } from '../support/account.ts'
import { makePasskey } from '../support/authenticator.ts'
import { failOnInsert, untilWaiting } from '../support/outage.ts'
import { addClient, addPerson, addRecoveryCodes } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import type { Answer } from '../support/http-client.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { tokensFor } from '../support/sign-in.ts'

let server: TestServer
let client: Awaited<ReturnType<typeof addClient>>
beforeAll(async () => {
  server = await startTestServer({ instances: 2, env: { CARDEA_TOTP_POLICY: 'optional' } })
  client = await addClient(server)
})
afterAll(() => server.stop())

const secretOn = ({ text }: Answer) => /secret=([A-Z2-7]+)/.exec(text)?.[1] ?? ''
const ending = { end_others: 'yes' }

async function beginTotp({ agent }: AtAccount): Promise<Answer> {
  const started = await send(agent, await agent.get('/account/security'), /security\/totp$/)
  return agent.get(started.location ?? '')
}

async function newPasskey({ agent }: AtAccount) {
  const page = await agent.get('/account/security/add-passkey')
  const options = /data-options="([^"]*)"/.exec(page.text)?.[1]?.replaceAll('&quot;', '"') ?? ''
  return { page, response: makePasskey(options, server.issuer).response }
}

/** Every form that changes something, filled in and ready to be sent. */
const forms: Record<string, (at: AtAccount) => Promise<() => Promise<Answer>>> = {
  'a name': async ({ agent }) => {
    const page = await agent.get('/account/profile')
    return () => send(agent, page, /profile$/, { name: 'Mallory', language: '' })
  },
  'another address': async ({ agent }) => {
    const page = await agent.get('/account/email')
    return () => send(agent, page, /email$/, { email: `mallory-${Date.now()}@example.com` })
  },
  'a password': async ({ agent, person }) => {
    const page = await agent.get('/account/change-password')
    const values = { current: person.password, password: 'seven lanterns over quiet harbours', ...ending }
    return () => send(agent, page, /change-password$/, values)
  },
  'an authenticator': async (at) => {
    const page = await beginTotp(at)
    const code = await generate({ secret: secretOn(page) })
    return () => send(at.agent, page, /confirm$/, { code, name: '', ...ending })
  },
  'a passkey': async (at) => {
    const { page, response } = await newPasskey(at)
    return () => send(at.agent, page, /add-passkey$/, { response, ...ending })
  },
  'the name of an authenticator': async (at) => {
    const page = await factorPage(at)
    return () => send(at.agent, page, /rename$/, { name: 'Mallory' })
  },
  'one authenticator less': async (at) => {
    const page = await factorPage(at)
    return () => send(at.agent, page, /remove$/, ending)
  },
  'new recovery codes': async ({ agent }) => {
    const page = await agent.get('/account/security/recovery-codes')
    return () => send(agent, page, /recovery-codes$/, ending)
  },
  'one browser less': async ({ agent }) => {
    const page = await agent.get('/account/security/browsers')
    return () => send(agent, page, /forget$/)
  },
  'no browser': async ({ agent }) => {
    const page = await agent.get('/account/security/browsers')
    return () => send(agent, page, /browsers$/)
  },
  'one session less': async ({ agent }) => {
    const page = await agent.get('/account/sessions')
    return () => send(agent, page, /end$/)
  },
  'no other session': async ({ agent }) => {
    const page = await agent.get('/account/sessions')
    return () => send(agent, page, /sessions$/)
  },
  'an app withdrawn': async ({ agent }) => {
    const page = await agent.get(`/account/apps/${client.id}`)
    return () => send(agent, page, /withdraw$/)
  },
  'all data': async ({ agent }) => {
    const page = await agent.get('/account/data')
    return () => send(agent, page, /data$/)
  },
  'no account': async ({ agent, person }) => {
    const page = await agent.get('/account/delete')
    return () => send(agent, page, /delete$/, { confirm: person.email })
  },
}

async function factorPage({ agent, person }: AtAccount): Promise<Answer> {
  const [row] = await server.database.prisma.totpCredential.findMany({ where: { userId: person.id } })
  return agent.get(`/account/security/totp/${row?.id ?? ''}`)
}

const by = { reason: 'test' }
const ends: Record<string, (tx: Tx, whose: { userId: string; sessionUid: string }) => Promise<unknown>> = {
  'its session is ended': (tx, { sessionUid }) => revoke(tx, { sessionUid }, by),
  'all access of its user is ended': (tx, { userId }) => revoke(tx, { userId }, by),
  'its user is disabled': (tx, { userId }) => setDisabled(tx, userId, true),
}

const cases = Object.keys(forms).flatMap((form, nth) =>
  Object.keys(ends).flatMap((end, which) =>
    // Each form once against an end, and those that hand out most against all of them.
    which === nth % 3 || ['a password', 'an authenticator', 'all data'].includes(form) ? [[form, end]] : [],
  ),
)

describe('a change that is under way', () => {
  test.each(cases)('to %s is not made when %s in that moment (SE-07, MF-07)', async (form = '', end = '') => {
    const person = await addPerson(server)
    await addRecoveryCodes(server, person)
    await tokensFor(server, client, person)
    const at = await atAccount(server, person)
    const post = await forms[form]?.(at)
    const before = await everythingOf(person)
    const sessionUid = await ownSession(at)
    let answer: Promise<Answer> | undefined
    await server.database.transaction(async (tx) => {
      await tx.$queryRaw`SELECT id FROM users WHERE id = ${person.id}::uuid FOR UPDATE`
      await ends[end]?.(tx, { userId: person.id, sessionUid })
      answer = post?.()
      await untilWaiting(server)
    })
    const refused = await answer
    expect(refused && signInAsked(refused)).not.toBeNull()
    expect(refused?.headers['content-disposition']).toBeUndefined()
    const { browsers: kept, sessions: open, ...after } = await everythingOf(person)
    const { browsers, sessions, ...was } = before
    expect(after).toEqual(was)
    expect(open).toBe(end === 'its session is ended' ? sessions - 1 : end.startsWith('all') ? 0 : sessions)
    expect(kept).toBe(end.startsWith('all') ? 0 : browsers)
  })

  test.each(Object.keys(forms))('to %s is made when nothing happens in that moment', async (form) => {
    const person = await addPerson(server)
    await addRecoveryCodes(server, person)
    await tokensFor(server, client, person)
    const at = await atAccount(server, person)
    const post = await forms[form]?.(at)
    const answer = await post?.()
    expect([200, 303]).toContain(answer?.status)
    expect(answer && signInAsked(answer)).toBeNull()
  })

  test('is not made with a password alone once somebody has set up a second factor meanwhile (MF-07)', async () => {
    const person = await addPerson(server, { totp: false })
    const at = await atAccount(server, person, '/account/change-password')
    const other = await atAccount(server, person)
    await beginTotp(other)
    let answer: Promise<Answer> | undefined
    await server.database.transaction(async (tx) => {
      await tx.$queryRaw`SELECT id FROM users WHERE id = ${person.id}::uuid FOR UPDATE`
      const credential = { where: { userId: person.id }, data: { confirmedAt: new Date() } }
      await tx.totpCredential.updateMany(credential)
      const values = { current: person.password, password: 'seven lanterns over quiet harbours' }
      answer = send(at.agent, at.page, /change-password$/, values)
      await untilWaiting(server)
    })
    const refused = await answer
    expect(refused && signInAsked(refused)?.get('prompt')).toBe('login')
    const { prisma } = server.database
    expect(
      await prisma.auditEvent.count({ where: { userId: person.id, type: 'user.password_changed' } }),
    ).toBe(0)
  })
})

describe('a new factor and what follows on it', () => {
  test.each<[string, string, (at: AtAccount) => Promise<() => Promise<Answer>>]>([
    ['an authenticator', 'revocations', (at) => forms['an authenticator']?.(at) as never],
    ['a passkey', 'revocations', (at) => forms['a passkey']?.(at) as never],
    ['an authenticator', 'recovery_codes', (at) => forms['an authenticator']?.(at) as never],
    ['a passkey', 'trusted_browsers', (at) => forms['a passkey']?.(at) as never],
  ])('hold together: %s is not added when there is trouble with %s', async (_what, table, fill) => {
    const person = await addPerson(server, { totp: false })
    await tokensFor(server, client, person)
    const at = await atAccount(server, person)
    const post = await fill(at)
    const before = await everythingOf(person)
    const trouble = await failOnInsert(server, { table })
    try {
      expect((await post()).status).toBe(503)
    } finally {
      await trouble.stop()
    }
    expect(await everythingOf(person)).toEqual(before)
    const done = await post()
    expect([done.status, done.location]).toEqual([303, '/account/security/recovery-codes'])
    const after = await everythingOf(person)
    expect([after.totp + after.passkeys, after.codes, after.sessions]).toEqual([1, 10, 1])
  })
})

async function ownSession({ agent, person }: AtAccount): Promise<string> {
  const page = await agent.get('/account/sessions')
  const others = [...page.text.matchAll(/sessions\/([^/"]+)\/end/g)].map(([, uid = '']) => uid)
  const own = await server.database.prisma.session.findFirst({
    where: { userId: person.id, revokedAt: null, uid: { notIn: others } },
  })
  return own?.uid ?? ''
}

async function everythingOf({ id: userId }: Person) {
  const { prisma } = server.database
  const where = { userId }
  const user = await prisma.user.findUnique({ where: { id: userId } })
  return {
    name: user?.name,
    password: user?.passwordHash,
    totp: await prisma.totpCredential.count({ where: { ...where, confirmedAt: { not: null } } }),
    names: await prisma.totpCredential.findMany({ where, select: { name: true } }),
    passkeys: await prisma.passkey.count({ where }),
    codes: await prisma.recoveryCode.count({ where }),
    browsers: await prisma.trustedBrowser.count({ where }),
    consents: await prisma.consent.count({ where }),
    mails: await prisma.mail.count({ where: { recipient: user?.email ?? '' } }),
    downloads: await prisma.auditEvent.count({ where: { ...where, type: 'user.data_downloaded' } }),
    sessions: await prisma.session.count({ where: { ...where, revokedAt: null } }),
  }
}
