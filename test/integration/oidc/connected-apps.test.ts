import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { ACCOUNT_PAGES, updateClient } from '../../../src/clients/index.ts'
import { forgetConsents, listConsentReceipts, revoke } from '../../../src/oidc/index.ts'
import { listConnectedApps } from '../../../src/oidc/connected-apps.ts'
import { addApi, addClient, addPerson } from '../../support/people.ts'
import type { Person } from '../../support/people.ts'
import { png } from '../../support/pictures.ts'
import { startTestServer } from '../../support/server.ts'
import type { TestServer } from '../../support/server.ts'
import { redeem, refresh, signIn } from '../../support/sign-in.ts'
import type { AuthorizeParams, Options, Tokens } from '../../support/sign-in.ts'
import type { UserAgent } from '../../support/user-agent.ts'

const API = 'https://api.example/'
const IDLE_SECONDS = 30 * 86_400
let server: TestServer
let pictures: Server
let logoUri: string
beforeAll(async () => {
  server = await startTestServer({ env: { CARDEA_REFRESH_TOKEN_IDLE: String(IDLE_SECONDS) } })
  await addApi(server)
  pictures = createServer((_req, res) => res.end(png(48, 48)))
  await new Promise<void>((resolve) => pictures.listen(0, '127.0.0.1', resolve))
  logoUri = `http://127.0.0.1:${(pictures.address() as AddressInfo).port}/logo`
})
afterAll(async () => {
  await server.stop()
  pictures.closeAllConnections()
  await new Promise((resolve) => pictures.close(resolve))
})

type App = Awaited<ReturnType<typeof addClient>>

async function use(
  client: App,
  person: Person,
  params: AuthorizeParams,
  options: Options & { agent?: UserAgent } = {},
): Promise<Tokens & { agent: UserAgent }> {
  const session = await signIn(server, client, person, params, options)
  return { ...(await redeem(server, client, session)).json<Tokens>(), agent: session.agent }
}

const apps = (person: Person, language: 'en' | 'de' = 'en') =>
  listConnectedApps(server.database.prisma, {
    ...{ userId: person.id, language },
    refreshIdleSeconds: IDLE_SECONDS,
  })
const receipts = (person: Person, clientId?: string) =>
  listConsentReceipts(server.database.prisma, { userId: person.id, clientId })

describe('the apps a person is connected with (AZ-21)', () => {
  test('are listed by name, with what each may do in their language, since when, and whether while they are away', async () => {
    const person = await addPerson(server)
    const before = Date.now()
    const [printer, album] = [
      await addClient(server, {
        name: 'Photo printer',
        metadata: { policy_uri: 'https://p.example/privacy' },
      }),
      await addClient(server, { name: 'Album', verified: true }),
    ]
    const { agent } = await use(printer, person, { scope: 'openid email orders:read', resource: API })
    await use(
      album,
      person,
      { scope: 'openid profile offline_access', prompt: 'consent' },
      { agent, ticked: ['openid', 'offline_access'] },
    )
    const [first, second] = await apps(person, 'de')
    expect([first, second]).toMatchObject([
      { clientId: album.id, name: 'Album', verified: true, offline: true },
      { name: 'Photo printer', verified: false, offline: false, policyUri: 'https://p.example/privacy' },
    ])
    expect(first?.may.map(({ title }) => title)).toEqual(['Sie wiedererkennen'])
    expect(second?.may).toMatchObject([
      { name: 'openid' },
      { name: 'email', title: 'Ihre E-Mail-Adresse' },
      { name: 'orders:read', title: 'See your orders', resource: { identifier: API, name: 'Shop' } },
    ])
    expect(second?.since.getTime()).toBeGreaterThan(before - 1000)
    expect(second?.lastUsedAt?.getTime()).toBeGreaterThan(before - 1000)
  })

  test('are those with grants in force or a decision that is remembered: first-party ones, not the account pages', async () => {
    const person = await addPerson(server)
    const own = await addClient(server, { name: 'Our own', firstParty: true })
    const asked = await addClient(server, { name: 'Asked' })
    const { agent } = await use(own, person, { scope: 'openid email' })
    await use(asked, person, { scope: 'openid' }, { agent })
    await server.database.prisma.consent.create({
      data: { userId: person.id, clientId: ACCOUNT_PAGES, decision: EMPTY },
    })
    expect((await apps(person)).map(({ name, firstParty }) => [name, firstParty])).toEqual([
      ['Asked', false],
      ['Our own', true],
    ])
    await server.database.transaction((tx) => revoke(tx, { userId: person.id }, { reason: 'test' }))
    expect((await apps(person)).map(({ name, lastUsedAt }) => [name, lastUsedAt])).toEqual([['Asked', null]])
  })

  test('show when a refresh that rotates nothing was the last use', async () => {
    const person = await addPerson(server)
    const client = await addClient(server)
    const tokens = await use(client, person, { scope: 'openid' })
    const long = 5 * 86_400
    await server.database.pool.query(
      `UPDATE grants SET created_at = created_at - $2 * interval '1 second' WHERE user_id = $1`,
      [person.id, long],
    )
    await server.database.pool.query(
      `UPDATE tokens SET issued_at = issued_at - $2 * interval '1 second', expires_at = expires_at - $2 * interval '1 second'
       WHERE user_id = $1 AND kind = 'RefreshToken'`,
      [person.id, long],
    )
    await server.database.prisma.token.deleteMany({
      where: { userId: person.id, kind: { not: 'RefreshToken' } },
    })
    const [idle] = await apps(person)
    expect(Date.now() - (idle?.lastUsedAt?.getTime() ?? 0)).toBeGreaterThan(long * 1000 - 60_000)
    expect((await refresh(server, client, tokens.refresh_token)).status).toBe(200)
    await server.database.prisma.token.deleteMany({
      where: { userId: person.id, kind: { not: 'RefreshToken' } },
    })
    const [used] = await apps(person)
    expect(Date.now() - (used?.lastUsedAt?.getTime() ?? 0)).toBeLessThan(60_000)
  })

  test('are gone once they are withdrawn, deleted, or none of this person’s', async () => {
    const [person, other] = [await addPerson(server), await addPerson(server)]
    const client = await addClient(server)
    await use(client, person, { scope: 'openid' })
    expect(await apps(other)).toEqual([])
    await server.database.transaction(async (tx) => {
      await revoke(tx, { userId: person.id, clientId: client.id }, { reason: 'test' })
      await forgetConsents(tx, { userId: person.id, clientId: client.id })
    })
    expect(await apps(person)).toEqual([])
  })
})

describe('a receipt (AZ-21)', () => {
  test('keeps what was decided in the words read then, whatever the app and the operator say later', async () => {
    const person = await addPerson(server)
    const client = await addClient(server, {
      ...{ name: 'Photo printer', verified: true },
      metadata: { policy_uri: 'https://p.example/1', tos_uri: 'https://p.example/terms' },
    })
    const params = { scope: 'openid email orders:read', resource: API, ui_locales: 'de' }
    await use(client, person, params, { ticked: ['openid'] })
    await server.database.transaction((tx) =>
      updateClient(tx, client.id, { client_name: 'Other', policy_uri: 'https://p.example/2' }),
    )
    const [receipt, ...more] = await receipts(person, client.id)
    expect(more).toEqual([])
    expect(receipt).toMatchObject({
      client: { name: 'Photo printer', policyUri: 'https://p.example/1', verified: true },
      language: 'de',
      granted: [{ title: 'Sie wiedererkennen' }, { title: 'See your orders', resource: { name: 'Shop' } }],
      refused: [{ title: 'Ihre E-Mail-Adresse' }],
      ...{ offline: false, withdrawnAt: null },
    })
    const grant = await server.database.prisma.grant.findUnique({ where: { id: receipt?.grantId ?? '' } })
    expect(grant).toMatchObject({ userId: person.id, clientId: client.id })
  })

  test('is not made by a no, by an app of our own, nor where nobody was asked', async () => {
    const person = await addPerson(server)
    const [own, client] = [await addClient(server, { firstParty: true }), await addClient(server)]
    const { agent } = await use(own, person, { scope: 'openid email' })
    await signIn(server, client, person, {}, { agent, consent: 'deny' }).catch(() => undefined)
    expect(await receipts(person)).toEqual([])
    await use(client, person, {}, { agent })
    await use(client, person, {}, { agent })
    expect(await receipts(person)).toHaveLength(1)
  })

  test('stays when access is withdrawn, and says when; goes with its person; of one app at most 50 are kept', async () => {
    const person = await addPerson(server)
    const client = await addClient(server)
    await use(client, person, {})
    const of = { userId: person.id, clientId: client.id }
    const { prisma } = server.database
    await server.database.transaction((tx) => forgetConsents(tx, of))
    const [first] = await receipts(person)
    expect(first?.withdrawnAt).toBeInstanceOf(Date)
    const { detail } = await prisma.consentReceipt.findFirstOrThrow({ where: of })
    await prisma.consentReceipt.createMany({
      data: Array.from({ length: 60 }, () => ({ ...of, grantId: 'g', detail: detail ?? {} })),
    })
    await use(client, person, { prompt: 'consent' })
    expect(await prisma.consentReceipt.count({ where: of })).toBe(50)
    const [newest] = await receipts(person)
    expect(newest?.grantId).not.toBe('g')
    await server.database.transaction((tx) => forgetConsents(tx, { userId: person.id }))
    expect(await prisma.consentReceipt.count({ where: of })).toBe(0)
  })
})

describe('a logo at /logos/:client/:digest', () => {
  test('is served by us, kept for a year, and can do nothing even as a page of its own (XS-01, HT-02)', async () => {
    const person = await addPerson(server)
    const client = await addClient(server, { metadata: { logo_uri: logoUri } })
    const stop = server.instances[0]?.startWorker(['logos.fetch'])
    await use(client, person, {})
    const shown = async () => (await apps(person))[0]?.logo
    for (const end = Date.now() + 10_000; (await shown()) === undefined && Date.now() < end;) await sleep(25)
    await stop?.()
    const address = (await shown()) ?? ''
    expect(address).toMatch(/^\/logos\/c_\w+\/[\w-]{43}$/)
    const logo = await server.ask(address)
    expect(logo.status).toBe(200)
    expect(logo.headers).toMatchObject({
      'content-type': 'image/png',
      'cache-control': 'public, max-age=31536000, immutable',
      'content-security-policy': "default-src 'none'; sandbox; frame-ancestors 'none'",
      'cross-origin-resource-policy': 'same-origin',
      'x-content-type-options': 'nosniff',
    })
    const etag = logo.headers.etag ?? ''
    expect((await server.ask(address, { headers: { 'if-none-match': etag } })).status).toBe(304)
    for (const wrong of [
      address.slice(0, -1),
      `${address}/x`,
      address.replace(client.id, 'nobody'),
      `/logos/${client.id}/${'A'.repeat(43)}`,
      '/logos/%00/x',
      '/logos/%ff/x',
    ])
      expect([400, 404]).toContain((await server.ask(wrong)).status)
    expect((await server.ask(address, { method: 'POST', body: {} })).status).toBe(405)
  })
})

const EMPTY = {
  granted: { openid: ['openid'], claims: [], resources: {} },
  rejected: { openid: [], claims: [], resources: {} },
}
