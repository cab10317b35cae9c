import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { userTimeline } from '../../../src/audit/index.ts'
import { revoke } from '../../../src/oidc/index.ts'
import { addClient, addPerson } from '../../support/people.ts'
import type { Person } from '../../support/people.ts'
import { redeem, refresh, signIn } from '../../support/sign-in.ts'
import type { Tokens } from '../../support/sign-in.ts'
import { startTestServer } from '../../support/server.ts'
import type { TestServer } from '../../support/server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.stop())

type App = Awaited<ReturnType<typeof addClient>>

/** A sign-in with consent and its tokens. */
async function connect(person: Person, client: App): Promise<Tokens> {
  const signedIn = await signIn(server, client, person)
  return (await redeem(server, client, signedIn)).json<Tokens>()
}

const told = async (userId: string, query: { after?: string; limit?: number } = {}) =>
  userTimeline(server.database, { userId, limit: 10, ...query })
const types = (thread: { events: { type: string }[] } | undefined) => thread?.events.map(({ type }) => type)

describe('the timeline of a user', () => {
  test('ties the sign-in, the consent, the tokens and their end together by grant (AD-13)', async () => {
    const [person, client] = [await addPerson(server), await addClient(server)]
    const { refresh_token: token } = await connect(person, client)
    await refresh(server, client, token)
    const before = await told(person.id)
    expect(before.threads).toHaveLength(1)
    expect(types(before.threads[0])).toEqual(['session.started', 'consent.granted', 'token.issued'])
    const [thread] = before.threads
    expect(thread?.clientId).toBe(client.id)
    const issued = thread?.events.at(-1)
    expect(issued).toMatchObject({
      ...{ user_id: person.id, client_id: client.id, grant_id: thread?.grantId },
      ...{ session_id: thread?.events[0]?.session_id, actor: { via: 'client', client_id: client.id } },
      detail: { grant_type: 'authorization_code', tokens: expect.arrayContaining(['AccessToken']) },
    })
    await server.database.transaction((tx) => revoke(tx, { userId: person.id }, { reason: 'test' }))
    expect(types((await told(person.id)).threads[0])).toEqual([
      ...['session.started', 'consent.granted', 'token.issued', 'access.revoked'],
    ])
  })

  test('holds no token, and nobody else’s events', async () => {
    const [person, other] = [await addPerson(server), await addPerson(server)]
    const client = await addClient(server)
    const tokens = await connect(person, client)
    await connect(other, client)
    const text = JSON.stringify(await told(person.id))
    for (const secret of Object.values(tokens)
      .map(String)
      .filter((value) => value.length > 20))
      expect(text).not.toContain(secret)
    expect(text).not.toContain(other.id)
  })

  test('comes in pages of grants, the last that something happened to first', async () => {
    const person = await addPerson(server)
    const clients = [await addClient(server), await addClient(server), await addClient(server)]
    for (const client of clients) await connect(person, client)
    const first = await told(person.id, { limit: 2 })
    expect(first.threads.map(({ clientId }) => clientId)).toEqual([clients[2]?.id, clients[1]?.id])
    const second = await told(person.id, { limit: 2, after: String(first.next) })
    expect(second.threads.map(({ clientId }) => clientId)).toEqual([clients[0]?.id])
    expect(second.next).toBeNull()
  })

  test('a code presented twice tells its end, and one event for all its tokens (CO-02)', async () => {
    const [person, client] = [await addPerson(server), await addClient(server)]
    const signedIn = await signIn(server, client, person)
    await Promise.all([redeem(server, client, signedIn), redeem(server, client, signedIn)])
    await redeem(server, client, signedIn)
    const [thread] = (await told(person.id)).threads
    expect(types(thread)?.filter((type) => type === 'token.issued')).toHaveLength(1)
    expect(types(thread)?.at(-1)).toBe('grant.revoked')
  })

  test('of more than fits the newest are told, and that there was more', async () => {
    const [person, client] = [await addPerson(server), await addClient(server)]
    await connect(person, client)
    const [thread] = (await told(person.id)).threads
    expect(thread?.truncated).toBe(false)
    await server.database.pool.query(
      `INSERT INTO audit_events (type, user_id, client_id, grant_id)
       SELECT 'token.issued', $1, $2, $3 FROM generate_series(1, 2000)`,
      [person.id, client.id, thread?.grantId],
    )
    await server.database.transaction((tx) => revoke(tx, { userId: person.id }, { reason: 'test' }))
    const [cut] = (await told(person.id)).threads
    expect([cut?.truncated, cut?.events.length, types(cut)?.at(-1)]).toEqual([true, 2000, 'access.revoked'])
  })
})
