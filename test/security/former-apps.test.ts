import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { deleteClient } from '../../src/clients/index.ts'
import { forgetConsents, revoke } from '../../src/oidc/index.ts'
import { atAccount, send } from '../support/account.ts'
import type { Answer } from '../support/http-client.ts'
import { addClient, addPerson } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { tokensFor } from '../support/sign-in.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.stop())

const asked = { scope: 'openid email offline_access', prompt: 'consent' }

/** The links to apps that have no access any more. */
const formerOf = ({ text }: Answer) =>
  [...text.matchAll(/href="(\/account\/apps\/[^"]+\?receipt=[^"]+)"/g)].map(([, uri]) => uri ?? '')

async function removeClient(clientId: string): Promise<void> {
  await server.database.transaction(async (tx) => {
    await revoke(tx, { clientId }, { reason: 'client_deleted' })
    await deleteClient(tx, clientId)
    await forgetConsents(tx, { clientId })
  })
}

/** Receipts of so many apps that are gone, the newest of them last. */
async function receiptsOf(person: Person, count: number): Promise<void> {
  const detail = (nth: number) => ({
    client: { name: `App ${nth}`, verified: false, registeredAt: '2026-01-01T00:00:00.000Z' },
    ...{ language: 'en', granted: [], refused: [], offline: false },
  })
  await server.database.prisma.consentReceipt.createMany({
    data: Array.from({ length: count }, (_, nth) => ({
      ...{ userId: person.id, clientId: `gone-${nth}`, grantId: `grant-${nth}`, detail: detail(nth) },
      ...{ id: `019aa0f4-7d3b-7c1e-8f2a-${String(nth).padStart(12, '0')}`, withdrawnAt: new Date() },
    })),
  })
}

describe('what somebody decided about an app (AZ-21)', () => {
  test('can be read after they withdrew it, and the page offers nothing to withdraw', async () => {
    const person = await addPerson(server)
    const client = await addClient(server, { name: 'Shop <b>of</b> things' })
    await tokensFor(server, client, person, asked)
    const { agent, page } = await atAccount(server, person, '/account/apps')
    expect(formerOf(page)).toEqual([])
    const connected = await agent.get(`/account/apps/${client.id}`)
    await send(agent, connected, /withdraw$/)
    const after = await agent.get('/account/apps')
    expect(after.text).toContain('Apps without access')
    const [uri = ''] = formerOf(after)
    for (const address of [uri, `/account/apps/${client.id}`, `/account/apps/${client.id}?receipt=x`]) {
      const former = await agent.get(address)
      expect(former.status).toBe(200)
      expect(former.text).toContain('This app may not use your account any more.')
      expect(former.text).toContain('Shop &lt;b&gt;of&lt;/b&gt; things')
      expect(former.text).toContain('Your email address')
      expect(former.text).toMatch(/Withdrawn /)
      expect(former.text).not.toContain('/withdraw"')
    }
    await tokensFor(server, client, person, asked)
    const again = await agent.get(uri)
    expect(formerOf(await agent.get('/account/apps'))).toEqual([])
    expect([again.text.includes('/withdraw"'), again.text.includes('Withdrawn ')]).toEqual([true, true])
  })

  test('is shown to nobody else', async () => {
    const person = await addPerson(server)
    const client = await addClient(server, { name: 'Private matters' })
    await tokensFor(server, client, person, asked)
    const own = await atAccount(server, person)
    await send(own.agent, await own.agent.get(`/account/apps/${client.id}`), /withdraw$/)
    const [uri = ''] = formerOf(await own.agent.get('/account/apps'))
    const { agent } = await atAccount(server, await addPerson(server))
    expect((await agent.get(uri)).location).toBe('/account/apps')
    expect((await agent.get('/account/apps')).text).not.toContain('Private matters')
  })

  test('stays apart from what they decided about a later app of the same id', async () => {
    const person = await addPerson(server)
    const gone = await addClient(server, { id: `again-${Date.now()}`, name: 'The earlier one' })
    await tokensFor(server, gone, person, asked)
    await removeClient(gone.id)
    const next = await addClient(server, { id: gone.id, name: 'The later one' })
    await tokensFor(server, next, person, asked)
    const { agent, page } = await atAccount(server, person, '/account/apps')
    const [uri = '', ...others] = formerOf(page)
    expect(others).toEqual([])
    const [earlier, later] = [await agent.get(uri), await agent.get(`/account/apps/${next.id}`)]
    expect([earlier.text.includes('The earlier one'), earlier.text.includes('The later one')]).toEqual([
      ...[true, false],
    ])
    expect([later.text.includes('The later one'), later.text.includes('The earlier one')]).toEqual([
      ...[true, false],
    ])
    await send(agent, later, /withdraw$/)
    expect(formerOf(await agent.get('/account/apps'))).toHaveLength(2)
  })

  test('is listed fifty apps at a time, and takes nothing else for a place in the list', async () => {
    const person = await addPerson(server)
    await receiptsOf(person, 60)
    const { agent, page } = await atAccount(server, person, '/account/apps')
    expect(formerOf(page)).toHaveLength(50)
    expect(formerOf(page)[0]).toContain('/gone-59?')
    const older = /href="(\/account\/apps\?before=[^"]+)"/.exec(page.text)?.[1] ?? ''
    const rest = await agent.get(older)
    expect(formerOf(rest)).toHaveLength(10)
    expect(rest.text).not.toContain('href="/account/apps?before=')
    for (const before of ["1'--", '-1', 'NaN', 'x'.repeat(36)])
      expect((await agent.get(`/account/apps?before=${encodeURIComponent(before)}`)).status).toBe(200)
  })
})
