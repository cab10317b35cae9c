import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { setStatusByOperator } from '../../../src/receivers/index.ts'
import { addClient, addPerson } from '../../support/people.ts'
import { startTestServer } from '../../support/server.ts'
import type { TestServer } from '../../support/server.ts'
import { addReceiver, addStream } from '../../support/signals.ts'
import { redeem, signIn } from '../../support/sign-in.ts'
import type { Tokens } from '../../support/sign-in.ts'

let server: TestServer
beforeAll(async () => (server = await startTestServer()))
afterAll(() => server.stop())

const denials = (clientId: string) =>
  server.database.prisma.auditEvent.findMany({
    where: { type: 'stream.denied', clientId },
    orderBy: { id: 'asc' },
  })

test('somebody known who lacks the scope is recorded, with what they tried; a stranger is not', async () => {
  const reader = await addReceiver(server, { scope: 'ssf.read' })
  const denied = await reader.ask('/ssf/stream', { json: {} })
  expect(denied.status).toBe(403)
  expect((await reader.ask('/ssf/subjects/add', { json: {} })).status).toBe(403)
  const [first, second, ...rest] = await denials(reader.client.id)
  expect(first).toMatchObject({
    ...{ actorVia: 'client', actorClientId: reader.client.id, actorUserId: null, userId: null },
    ...{ actorToken: expect.stringMatching(/^tok_/) as unknown, requestId: denied.headers['x-request-id'] },
    detail: { operation: 'POST /ssf/stream', reason: 'insufficient_scope' },
  })
  expect(first?.ip).toBeTruthy()
  expect(second?.detail).toMatchObject({ operation: 'POST /ssf/subjects/add' })
  expect(rest).toEqual([])
  const before = await server.database.prisma.auditEvent.count()
  expect((await reader.ask('/ssf/stream', { token: 'x'.repeat(43) })).status).toBe(401)
  expect(await server.database.prisma.auditEvent.count()).toBe(before)
})

test('a person is named where the token is theirs', async () => {
  const app = await addClient(server, { metadata: { scope: 'openid ssf.manage' } })
  const person = await addPerson(server, { totp: false })
  const resource = { resource: 'urn:cardea:api:signals' }
  const signedIn = await signIn(server, app, person, { scope: 'openid ssf.manage', ...resource })
  const { access_token: token } = (await redeem(server, app, signedIn, resource)).json<Tokens>()
  const { ask } = await addReceiver(server)
  expect((await ask('/ssf/poll/anything-at-all', { json: {}, token })).status).toBe(403)
  // Nothing that was written into the address.
  expect(await denials(app.id)).toMatchObject([
    { actorUserId: person.id, detail: { operation: 'POST /ssf/poll/:id', reason: 'insufficient_scope' } },
  ])
})

test('what an operator holds back is recorded', async () => {
  const own = await addReceiver(server)
  const { stream_id: stream } = await addStream(own)
  await server.database.transaction((tx) =>
    setStatusByOperator(tx, stream, { status: 'paused', reason: null }),
  )
  const answers = [
    await own.ask('/ssf/stream', { json: {} }),
    await own.ask('/ssf/stream', { method: 'PATCH', json: { stream_id: stream, description: 'x' } }),
    await own.ask('/ssf/status', { json: { stream_id: stream, status: 'enabled' } }),
    await own.ask(`/ssf/stream?stream_id=${stream}`, { method: 'DELETE' }),
  ]
  expect(answers.map(({ status }) => status)).toEqual([403, 403, 403, 403])
  const held = { reason: 'held_by_operator' }
  expect((await denials(own.client.id)).map(({ detail }) => detail)).toEqual([
    { operation: 'POST /ssf/stream', ...held },
    { operation: 'PATCH /ssf/stream', ...held, stream },
    { operation: 'POST /ssf/status', ...held, stream },
    { operation: 'DELETE /ssf/stream', ...held, stream },
  ])
})

test('who is denied again and again waits like anybody else: the audit stays short (HT-05)', async () => {
  const reader = await addReceiver(server, { scope: 'ssf.read' })
  const statuses: number[] = []
  for (let asked = 0; asked < 620; asked += 20) {
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => reader.ask('/ssf/verify', { json: {} })),
    )
    statuses.push(...answers.map(({ status }) => status))
  }
  expect(statuses.filter((status) => status === 403)).toHaveLength(600)
  expect(statuses.filter((status) => status === 429)).toHaveLength(20)
  expect(await denials(reader.client.id)).toHaveLength(600)
})
