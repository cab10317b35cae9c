import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { statementFor } from '../../../src/oidc/store/statements.ts'
import { askSilently } from '../../support/authorize.ts'
import { failOnInsert } from '../../support/outage.ts'
import { addClient, addPerson } from '../../support/people.ts'
import { signIn, told } from '../../support/sign-in.ts'
import { startTestServer } from '../../support/server.ts'
import type { TestServer } from '../../support/server.ts'
import { formOf } from '../../support/user-agent.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.stop())

test('a client that joins the session while it ends is told as well (LO-03, SE-09)', async () => {
  const { pool, prisma } = server.database
  const metadata = { backchannel_logout_uri: 'https://rp.example/logout' }
  const [first, second] = [await addClient(server, { metadata }), await addClient(server, { metadata })]
  const { id: userId } = await addPerson(server)
  const uid = randomUUID()
  const payload = (...clients: { id: string }[]) => ({
    accountId: userId,
    authorizations: Object.fromEntries(clients.map(({ id }) => [id, { sid: `sid-${id}` }])),
  })
  await prisma.session.create({ data: { uid, digest: Buffer.from(uid), userId, payload: payload(first) } })

  const joining = await pool.connect()
  await joining.query('BEGIN')
  await joining.query('UPDATE sessions SET payload = $2 WHERE uid = $1', [uid, payload(first, second)])
  const { ifNothing: _, ...ending } = statementFor({ do: 'revoke_session', uid })
  const ended = [pool.query(ending), pool.query(ending)]
  const waiting = `SELECT count(*)::int AS n FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`
  for (let n = 0; n < 2;) n = (await pool.query<{ n: number }>(waiting)).rows[0]?.n ?? 0
  await joining.query('COMMIT')
  joining.release()
  const counts = (await Promise.all(ended)).map(({ rowCount }) => rowCount)

  expect(counts.toSorted()).toEqual([0, 1])
  expect(await prisma.session.findUnique({ where: { uid } })).toMatchObject({
    payload: {},
    revokedAt: expect.any(Date),
  })
  const told = await prisma.logoutNotice.findMany({
    where: { userId },
    select: { clientId: true, sid: true },
  })
  expect(told.map(({ clientId, sid }) => [clientId, sid]).toSorted()).toEqual(
    [first, second].map(({ id }) => [id, `sid-${id}`]).toSorted(),
  )
})

test('a sign-out whose notices cannot be written is a 503 that ended nothing, and may be sent again (LO-03, FT-21)', async () => {
  const client = await addClient(server, {
    metadata: { backchannel_logout_uri: 'https://rp.example/logout' },
  })
  const { agent } = await signIn(server, client, await addPerson(server))
  const { action, fields } = formOf(await agent.get('/logout'))
  const failing = await failOnInsert(server, { table: 'logout_notices' })
  const tab = agent.clone()
  expect((await tab.post(action, { ...fields, logout: 'yes' })).status).toBe(503)
  expect(told(await askSilently(agent.clone(), client))['code']).toBeDefined()
  await failing.stop()
  expect((await agent.post(action, { ...fields, logout: 'yes' })).status).toBe(303)
  expect(await server.database.prisma.logoutNotice.count({ where: { clientId: client.id } })).toBe(1)
})
