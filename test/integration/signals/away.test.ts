import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { decodeJwt } from 'jose'
import { oidcSweeps, revoke } from '../../../src/oidc/index.ts'
import { addPerson } from '../../support/people.ts'
import { startTestServer } from '../../support/server.ts'
import type { TestServer } from '../../support/server.ts'
import {
  addListeningApp,
  addReceiver,
  addStream,
  CAEP,
  hear,
  settle,
  typesOf,
} from '../../support/signals.ts'
import type { Receiver, StreamDocument } from '../../support/signals.ts'
import { signOut, tokensFor } from '../../support/sign-in.ts'
import { sweepOnce } from '../../support/sweep.ts'

const sessions = { events_requested: [`${CAEP}session-established`, `${CAEP}session-revoked`] }

let server: TestServer
let app: Awaited<ReturnType<typeof addListeningApp>>
let receiver: Receiver
let stream: StreamDocument
beforeAll(async () => {
  server = await startTestServer()
  app = await addListeningApp(server)
  receiver = await addReceiver(server, { client: app })
  stream = await addStream(receiver, sessions)
})
afterAll(() => server.stop())

const query = (text: string, ...values: unknown[]) => server.database.pool.query(text, values)
const namesKept = () => server.database.prisma.sessionName.findMany()

async function signedIn() {
  const somebody = await addPerson(server, { totp: false })
  const { agent, id_token: idToken } = await tokensFor(server, app, somebody)
  const { sid } = decodeJwt(idToken)
  const session = await server.database.prisma.session.findFirstOrThrow({ where: { userId: somebody.id } })
  return { somebody, agent, sid, uid: session.uid }
}

/** All that happened was an hour and more ago: the sessions are over, and swept. */
async function anHourLater(): Promise<void> {
  await query('ALTER TABLE audit_events DISABLE TRIGGER USER')
  await query("UPDATE audit_events SET at = at - interval '1 hour'")
  await query('ALTER TABLE audit_events ENABLE TRIGGER USER')
  await query("UPDATE sessions SET expires_at = now() - interval '5 minutes'")
  await sweepOnce(server.database.prisma, oidcSweeps)
  expect(await server.database.prisma.session.count()).toBe(0)
}

test('a receiver that comes an hour late hears of a session by the sid that it knows (CAEP 1.0 §3.1)', async () => {
  const out = await signedIn()
  await signOut(out.agent)
  const ended = await signedIn()
  await server.database.transaction((tx) => revoke(tx, { sessionUid: ended.uid }, { reason: 'test' }))
  // Without an end of its own, its beginning is told of all the same.
  const forgotten = await signedIn()
  await anHourLater()
  const told = await hear(server, receiver, stream)
  const said = (sub: string, id: unknown) => ({
    format: 'complex',
    user: { format: 'iss_sub', iss: server.issuer, sub },
    session: { format: 'opaque', id },
  })
  expect(typesOf(told)).toEqual([
    ...['session-established', 'session-revoked', 'session-established', 'session-revoked'],
    'session-established',
  ])
  const theirs = [out, out, ended, ended, forgotten]
  expect(told.map(({ sub_id: named }) => named)).toEqual(
    theirs.map(({ somebody, sid }) => said(somebody.id, sid)),
  )
})

test('one session that was removed stays silent when it is swept (SSF 1.0 §8.1.3.1)', async () => {
  const { somebody, agent, sid } = await signedIn()
  await hear(server, receiver, stream)
  const subject = {
    ...{ format: 'complex', user: { format: 'opaque', id: somebody.id } },
    session: { format: 'opaque', id: sid },
  }
  await receiver.ask('/ssf/subjects/remove', { json: { stream_id: stream.stream_id, subject } })
  await signOut(agent)
  await anHourLater()
  expect(await hear(server, receiver, stream)).toEqual([])
})

test('one that had no part in a session hears of its end, too, when nothing of it is left', async () => {
  const siem = await addReceiver(server)
  const own = await addStream(siem, sessions)
  const { somebody, uid } = await signedIn()
  await server.database.transaction((tx) => revoke(tx, { sessionUid: uid }, { reason: 'test' }))
  await anHourLater()
  const told = await hear(server, siem, own)
  expect(typesOf(told)).toEqual(['session-established', 'session-revoked'])
  expect(told[1]?.sub_id).toMatchObject({ user: { sub: somebody.id }, session: { id: uid } })
  await hear(server, receiver, stream)
})

test('names are kept for 30 days, and only for who was away and takes part (FT-17)', async () => {
  await query("UPDATE session_names SET created_at = now() - interval '31 days'")
  await sweepOnce(server.database.prisma, oidcSweeps)
  expect(await namesKept()).toEqual([])
  // One that is there.
  await signOut((await signedIn()).agent)
  await settle(server)
  await hear(server, receiver, stream)
  await anHourLater()
  expect(await namesKept()).toEqual([])
  // One that wants to hear nothing.
  const disable = { stream_id: stream.stream_id, status: 'disabled' }
  expect((await receiver.ask('/ssf/status', { json: disable })).status).toBe(200)
  await signOut((await signedIn()).agent)
  await anHourLater()
  expect(await namesKept()).toEqual([])
  // One that is away: there are others, who have their own names for it or none.
  await receiver.ask('/ssf/status', { json: { ...disable, status: 'enabled' } })
  const { agent, sid, uid, somebody } = await signedIn()
  await signOut(agent)
  await anHourLater()
  expect(await namesKept()).toEqual([
    {
      ...{ sessionUid: uid, clientId: app.id, sid, userId: somebody.id },
      createdAt: expect.any(Date) as unknown,
    },
  ])
})
