import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { selfPages } from '../../src/account/signed-in/pages.ts'
import { atAccount, csrfOf, later, signInAsked } from '../support/account.ts'
import type { AtAccount } from '../support/account.ts'
import { addClient, addPerson } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { signIn } from '../support/sign-in.ts'
import { createUserAgent } from '../support/user-agent.ts'

/** What a sign-in of six minutes is still good for at each address: a page that is missing here fails. */
const expected: Record<string, 'any sign-in' | 'a fresh sign-in'> = {
  'GET /account': 'any sign-in',
  'POST /account/sign-out': 'any sign-in',
  'GET /account/profile': 'any sign-in',
  'POST /account/profile': 'any sign-in',
  'GET /account/email': 'a fresh sign-in',
  'POST /account/email': 'a fresh sign-in',
  'GET /account/change-password': 'a fresh sign-in',
  'POST /account/change-password': 'a fresh sign-in',
  'GET /account/security': 'any sign-in',
  'POST /account/security/totp': 'a fresh sign-in',
  'GET /account/security/totp/:id/confirm': 'a fresh sign-in',
  'POST /account/security/totp/:id/confirm': 'a fresh sign-in',
  'GET /account/security/totp/:id': 'a fresh sign-in',
  'POST /account/security/totp/:id/rename': 'a fresh sign-in',
  'POST /account/security/totp/:id/remove': 'a fresh sign-in',
  'GET /account/security/add-passkey': 'a fresh sign-in',
  'POST /account/security/add-passkey': 'a fresh sign-in',
  'GET /account/security/passkeys/:id': 'a fresh sign-in',
  'POST /account/security/passkeys/:id/rename': 'a fresh sign-in',
  'POST /account/security/passkeys/:id/remove': 'a fresh sign-in',
  'GET /account/security/recovery-codes': 'any sign-in',
  'POST /account/security/recovery-codes': 'a fresh sign-in',
  'POST /account/security/recovery-codes/saved': 'any sign-in',
  'GET /account/security/browsers': 'any sign-in',
  'POST /account/security/browsers': 'a fresh sign-in',
  'POST /account/security/browsers/:id/forget': 'a fresh sign-in',
  'GET /account/sessions': 'any sign-in',
  'POST /account/sessions': 'a fresh sign-in',
  'POST /account/sessions/:id/end': 'a fresh sign-in',
  'GET /account/apps': 'any sign-in',
  'GET /account/apps/:id': 'any sign-in',
  'POST /account/apps/:id/withdraw': 'any sign-in',
  'GET /account/activity': 'any sign-in',
  'GET /account/data': 'a fresh sign-in',
  'POST /account/data': 'a fresh sign-in',
  'GET /account/delete': 'a fresh sign-in',
  'POST /account/delete': 'a fresh sign-in',
}

const addresses = selfPages.flatMap(({ path, get, post }) => [
  ...(get ? [`GET ${path}`] : []),
  ...(post ? [`POST ${path}`] : []),
])
const forms = addresses.filter((address) => address.startsWith('POST')).map((address) => address.slice(5))

let server: TestServer
let client: Awaited<ReturnType<typeof addClient>>
beforeAll(async () => {
  server = await startTestServer({ instances: 2 })
  client = await addClient(server)
})
afterAll(() => server.stop())

test('every address of the account pages is in this table, and nothing else', () => {
  expect(addresses.toSorted()).toEqual(Object.keys(expected).toSorted())
})

function asked(address: string, at: Pick<AtAccount, 'agent'>, id = 'x', form: Record<string, string> = {}) {
  const [method, pattern = ''] = address.split(' ')
  const path = pattern.replace(':id', encodeURIComponent(id))
  return method === 'GET' ? at.agent.get(path) : at.agent.post(path, form)
}

describe.each(addresses)('%s', (address) => {
  test('is for nobody who is not signed in (SE-05)', async () => {
    expect(signInAsked(await asked(address, { agent: createUserAgent(server) }))).not.toBeNull()
  })
})

describe('with a sign-in of six minutes', () => {
  let at: AtAccount
  let csrf: string
  beforeEach(async () => {
    at = await atAccount(server, await addPerson(server))
    csrf = await csrfOf(at.agent)
    await later(server, at, { secondsAgo: 360 })
  })

  test.each(addresses)('%s asks for a fresh one where it must, and only there (MF-07)', async (address) => {
    const answer = await asked(address, at, 'x', { csrf })
    const isAsked = signInAsked(answer) !== null
    expect(isAsked).toBe(expected[address] === 'a fresh sign-in')
    if (!isAsked) expect(answer.status).toBeLessThan(400)
  })
})

describe('with a fresh sign-in', () => {
  let at: AtAccount
  let foreign: string
  let before: unknown
  beforeAll(async () => {
    at = await atAccount(server, await addPerson(server))
    foreign = await csrfOf((await atAccount(server, await addPerson(server))).agent)
    before = await everythingOf(at.person)
  })

  test.each(forms)(
    'the form to %s is refused without the token of this very session (SE-06)',
    async (path) => {
      for (const csrf of [undefined, '', foreign, 'null']) {
        const body: Record<string, string> = csrf === undefined ? {} : { csrf }
        const answer = await asked(`POST ${path}`, at, 'x', { ...body, confirm: at.person.email })
        expect([answer.status, answer.location]).toEqual([403, undefined])
      }
      expect(await everythingOf(at.person)).toEqual(before)
    },
  )

  test.each(forms)('the form to %s is refused from any other origin, token or not (SE-06)', async (path) => {
    const csrf = await csrfOf(at.agent)
    const elsewhere: Record<string, string>[] = [
      { origin: 'https://evil.example' },
      { origin: '', 'sec-fetch-site': 'cross-site' },
      { origin: '', 'sec-fetch-site': 'same-site' },
    ]
    for (const headers of elsewhere) {
      const body = { csrf, confirm: at.person.email }
      const answer = await at.agent.post(path.replace(':id', 'x'), body, { headers })
      expect([answer.status, answer.location]).toEqual([403, undefined])
    }
    expect(await everythingOf(at.person)).toEqual(before)
  })
})

describe("with somebody else's ids", () => {
  let at: AtAccount
  let owner: Person
  let ids: string[]
  beforeAll(async () => {
    at = await atAccount(server, await addPerson(server))
    owner = await addPerson(server)
    await signIn(server, client, owner)
    const { prisma } = server.database
    const passkey = await prisma.passkey.create({
      data: {
        id: new Uint8Array(Buffer.from(randomUUID())),
        userId: owner.id,
        publicKey: new Uint8Array(8),
        deviceType: 'single_device',
        backedUp: false,
        name: 'Secret name of a key',
      },
    })
    await prisma.totpCredential.updateMany({
      where: { userId: owner.id },
      data: { name: 'Secret name of an app' },
    })
    const rows = await everythingOf(owner)
    ids = [
      ...rows.totp.map(({ id }) => id),
      Buffer.from(passkey.id).toString('base64url'),
      ...rows.sessions.map(({ uid }) => uid),
      ...rows.browsers.map(({ id }) => id),
      client.id,
    ]
    expect(ids.length).toBeGreaterThanOrEqual(5)
  })

  test.each(addresses.filter((address) => address.includes(':id')))(
    '%s does and shows nothing (IDOR)',
    async (address) => {
      const before = await everythingOf(owner)
      const csrf = await csrfOf(at.agent)
      for (const id of [...ids, 'x', "'; --", randomUUID()]) {
        const answer = await asked(address, at, id, {
          csrf,
          name: 'mine now',
          code: '123456',
          end_others: 'yes',
        })
        expect({ id, status: answer.status }).toEqual({ id, status: 303 })
        expect(answer.text).not.toMatch(/Secret name/)
      }
      expect(await everythingOf(owner)).toEqual(before)
    },
  )
})

async function everythingOf({ id: userId }: Pick<Person, 'id'>) {
  const { prisma } = server.database
  const where = { userId }
  const sessions = await prisma.session.findMany({
    where,
    select: { uid: true, revokedAt: true, issuedAt: true },
    orderBy: { uid: 'asc' },
  })
  return {
    user: await prisma.user.findUnique({ where: { id: userId } }),
    totp: await prisma.totpCredential.findMany({ where, orderBy: { id: 'asc' } }),
    passkeys: await prisma.passkey.findMany({ where, orderBy: { id: 'asc' } }),
    codes: await prisma.recoveryCode.findMany({ where, orderBy: { digest: 'asc' } }),
    browsers: await prisma.trustedBrowser.findMany({ where, orderBy: { id: 'asc' } }),
    grants: await prisma.grant.findMany({ where, orderBy: { id: 'asc' } }),
    consents: await prisma.consent.findMany({ where, orderBy: { clientId: 'asc' } }),
    sessions,
  }
}
