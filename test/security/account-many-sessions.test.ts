import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { atAccount, send } from '../support/account.ts'
import type { AtAccount } from '../support/account.ts'
import { addClient, addPerson } from '../support/people.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'

const HOUR = 3_600_000

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.stop())

/** Sessions of this person, each an hour younger than the one before, the first an hour younger than their own; ids the other way round. */
async function addSessions({ person }: AtAccount, count: number): Promise<string[]> {
  const { session } = server.database.prisma
  const own = await session.findFirstOrThrow({ where: { userId: person.id } })
  const begun = Date.now() - (count + 1) * HOUR
  await session.update({ where: { uid: own.uid }, data: { createdAt: new Date(begun) } })
  const uids = Array.from({ length: count }, (_, at) => `-${String(count - at).padStart(20, '0')}`)
  const data = uids.map((uid, at) => ({
    ...{ uid: `${uid}-${person.id}`, digest: Buffer.from(`${uid}${person.id}`), userId: person.id },
    ...{ payload: own.payload as object, expiresAt: own.expiresAt },
    createdAt: new Date(begun + (at + 1) * HOUR),
  }))
  await session.createMany({ data })
  return data.map(({ uid }) => uid)
}

/** So many grants for each of so many clients, their ids against the order of time. */
async function addGrants({ person }: AtAccount, { clients, each }: { clients: number; each: number }) {
  for (let at = 0; at < clients; at += 1) {
    const { id: clientId } = await addClient(server)
    const ids = Array.from({ length: each }, (_, n) => `-${String(each - n).padStart(6, '0')}-${clientId}`)
    await server.database.prisma.grant.createMany({
      data: ids.map((id, n) => ({
        ...{ id, clientId, userId: person.id, payload: { openid: { scope: 'openid' } } },
        createdAt: new Date(Date.now() - (each - n) * 1000),
      })),
    })
  }
}

describe('somebody who is signed in more often than a page can show', () => {
  test('sees this device first, then those that signed in last, and that there are more', async () => {
    const at = await atAccount(server, await addPerson(server))
    const [oldest = '', ...others] = await addSessions(at, 110)
    const page = await at.agent.get('/account/sessions')
    const rows = page.text.split('<li class="row">').slice(1)
    expect(rows).toHaveLength(100)
    expect(rows.map((row) => row.includes('>This device<')).indexOf(true)).toBe(0)
    expect(page.text).toContain(`sessions/${others.at(-1)}/end`)
    expect(page.text).not.toContain(`sessions/${oldest}/end`)
    expect(page.text).toContain('class="caution"')
  })

  test('is told at a glance of all of them, and of all their apps', async () => {
    const at = await atAccount(server, await addPerson(server))
    await addSessions(at, 110)
    await addGrants(at, { clients: 2, each: 110 })
    const { text } = await at.agent.get('/account')
    expect(text).toContain('111 devices')
    expect(text).toContain('2 apps')
  })

  test('takes the newest along in the download, and reads that there are more', async () => {
    const at = await atAccount(server, await addPerson(server), '/account/data')
    const [oldest, ...others] = await addSessions(at, 1000)
    await addGrants(at, { clients: 1, each: 1001 })
    type Listed = { id: string; createdAt: string }
    const data = (await send(at.agent, at.page, /\/account\/data$/)).json<
      Record<'sessions' | 'grants', Listed[]> & Record<string, unknown>
    >()
    expect(data).toMatchObject({
      ...{ sessions_has_more: true, grants_has_more: true },
      ...{ consent_receipts_has_more: false, activity_has_more: false },
    })
    const ids = data.sessions.map(({ id }) => id)
    expect([ids.length, ids[0], ids.at(-1)]).toEqual([1000, others.at(-1), oldest])
    for (const list of [data.sessions, data.grants]) {
      const begun = list.map(({ createdAt }) => createdAt)
      expect(begun).toHaveLength(1000)
      expect(begun).toEqual(begun.toSorted().reverse())
    }
  })
})
