import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { record } from '../../../src/audit/index.ts'
import { setStatusByOperator } from '../../../src/receivers/index.ts'
import { addPerson } from '../../support/people.ts'
import type { Person } from '../../support/people.ts'
import { startTestServer } from '../../support/server.ts'
import type { TestServer } from '../../support/server.ts'
import {
  addReceiver,
  addStream,
  ALL_EVENTS,
  settle,
  SSF,
  startPushing,
  startPushReceiver,
  typesOf,
  verified,
} from '../../support/signals.ts'
import type { Receiver, StreamDocument } from '../../support/signals.ts'

let server: TestServer
let person: Person
let receiver: Receiver
let end: Awaited<ReturnType<typeof startPushReceiver>>
let pushing: Awaited<ReturnType<typeof startPushing>> | undefined
beforeAll(async () => {
  server = await startTestServer({ instances: 2, env: { CARDEA_OUTBOUND_ALLOW: '127.0.0.1' } })
  person = await addPerson(server, { totp: false })
})
afterAll(() => server.stop())
beforeEach(async () => {
  end = await startPushReceiver()
  receiver = await addReceiver(server)
})
afterEach(async () => {
  await pushing?.stop()
  pushing = undefined
  await server.database.prisma.ssfStream.deleteMany()
  await end.stop()
})

const pushed = (more: object = {}, url = end.url) =>
  addStream(receiver, { delivery: { method: 'urn:ietf:rfc:8935', endpoint_url: url, ...more } })
const happen = async (...types: ('user.disabled' | 'user.enabled' | 'user.password_changed')[]) => {
  for (const type of types) await record(server.database.prisma, { type, userId: person.id, detail: {} })
}
const told = () => Promise.all(end.pushed.map(({ body }) => verified(server, receiver, body)))
const row = ({ stream_id: id }: StreamDocument) =>
  server.database.prisma.ssfStream.findUniqueOrThrow({ where: { id } })
const due = () =>
  server.database.pool.query("UPDATE ssf_streams SET next_attempt_at = now() - interval '1 s'")

describe('pushing (RFC 8935 §2)', () => {
  test('sends each event once, in its order, with its headers, by two instances together (FT-22)', async () => {
    const stream = await pushed({ authorization_header: 'Bearer of-the-receiver' })
    pushing = await startPushing(server)
    await happen('user.disabled', 'user.enabled', 'user.password_changed', 'user.disabled')
    await pushing.until(() => end.pushed.length >= 4)
    await happen('user.enabled')
    await pushing.until(() => end.pushed.length >= 5)
    expect(typesOf(await told())).toEqual([
      ...['account-disabled', 'account-enabled', 'credential-change', 'account-disabled', 'account-enabled'],
    ])
    for (const { headers } of end.pushed)
      expect(headers).toMatchObject({
        'content-type': 'application/secevent+jwt',
        accept: 'application/json',
        authorization: 'Bearer of-the-receiver',
      })
    expect(new Set((await told()).map(({ jti }) => jti)).size).toBe(5)
    expect(await row(stream)).toMatchObject({ delivered: 5n, failures: 0 })
  })

  test('a receiver that is away hears of everything later, in order, the same tokens’ ids again (FT-22)', async () => {
    const stream = await pushed()
    end.answer = () => ({ status: end.pushed.length > 2 ? 202 : 503 })
    pushing = await startPushing(server)
    await happen('user.disabled', 'user.enabled')
    await pushing.until(async () => (await row(stream)).failures === 1)
    expect(await row(stream)).toMatchObject({ lastError: 'http_503' })
    await due()
    await pushing.until(async () => (await row(stream)).failures === 2)
    await due()
    await pushing.until(() => end.pushed.length === 4)
    const all = await told()
    expect(typesOf(all)).toEqual([
      'account-disabled',
      'account-disabled',
      'account-disabled',
      'account-enabled',
    ])
    expect(new Set(all.map(({ jti }) => jti)).size).toBe(2)
    await pushing.until(async () => (await row(stream)).failures === 0)
  })

  test('what a receiver refuses three times it is spared, and hears of what comes behind', async () => {
    const stream = await pushed()
    const err = {
      status: 400,
      headers: { 'content-type': 'application/json' },
      text: '{"err":"invalid_request"}',
    }
    end.answer = () => (end.pushed.length <= 3 ? err : { status: 202 })
    pushing = await startPushing(server)
    await happen('user.disabled', 'user.enabled')
    for (const times of [1, 2]) {
      await pushing.until(async () => end.pushed.length === times && (await row(stream)).failures === times)
      await due()
    }
    await pushing.until(async () => (await row(stream)).refused === 1n)
    await due()
    await pushing.until(() => end.pushed.length === 4)
    expect(typesOf(await told()).at(-1)).toBe('account-enabled')
    expect(await row(stream)).toMatchObject({ refused: 1n, lastError: 'invalid_request' })
  })

  test('a receiver that never answers holds up no other (FT-22)', async () => {
    await pushed()
    const other = await startPushReceiver()
    end.answer = () => 'hang'
    pushing = await startPushing(server)
    await pushed({}, other.url)
    await happen('user.disabled')
    await pushing.until(() => other.pushed.length === 1 && end.pushed.length === 1)
    await happen('user.enabled')
    await pushing.until(() => other.pushed.length === 2)
    expect(end.pushed).toHaveLength(1)
    await other.stop()
  })

  test('goes nowhere that the operator did not allow, whatever the name turns out to be', async () => {
    const stream = await pushed()
    pushing = await startPushing(server, { allow: [] })
    await happen('user.disabled')
    await pushing.until(async () => (await row(stream)).failures === 1)
    expect(await row(stream)).toMatchObject({ lastError: 'blocked' })
    expect(end.pushed).toEqual([])
  })
})

describe('the status of a stream (SSF 1.0 §8.1.2)', () => {
  const set = (stream: StreamDocument, status: string, reason?: string) =>
    receiver.ask('/ssf/status', {
      json: { stream_id: stream.stream_id, status, ...(reason ? { reason } : {}) },
    })

  test('is read and changed by its receiver: paused events wait, those of a disabled stream do not', async () => {
    const stream = await pushed()
    const id = stream.stream_id
    expect((await receiver.ask(`/ssf/status?stream_id=${id}`)).json()).toEqual({
      stream_id: id,
      status: 'enabled',
    })
    pushing = await startPushing(server)
    const paused = await set(stream, 'paused', 'moving')
    expect([paused.status, paused.json()]).toEqual([
      200,
      { stream_id: id, status: 'paused', reason: 'moving' },
    ])
    await happen('user.disabled')
    await settle(server)
    await set(stream, 'enabled')
    await pushing.until(() => end.pushed.length === 1)
    await set(stream, 'disabled')
    await happen('user.password_changed')
    await settle(server)
    expect((await receiver.ask('/ssf/verify', { json: { stream_id: id } })).status).toBe(400)
    await set(stream, 'enabled')
    await happen('user.enabled')
    await pushing.until(() => end.pushed.length === 2)
    expect(typesOf(await told())).toEqual(['account-disabled', 'account-enabled'])
    for (const json of [{}, { stream_id: id }, { stream_id: id, status: 'off' }])
      expect((await receiver.ask('/ssf/status', { json })).status).toBe(400)
  })

  test('changed by an operator it is told, before it stops and when it goes on, and the receiver cannot undo it (§8.1.5)', async () => {
    const stream = await pushed()
    const id = stream.stream_id
    const byOperator = (status: 'enabled' | 'paused', reason: string | null) =>
      server.database.transaction((tx) => setStatusByOperator(tx, id, { status, reason }))
    await byOperator('paused', 'maintenance')
    pushing = await startPushing(server)
    await happen('user.disabled')
    await pushing.until(() => end.pushed.length === 1)
    expect((await set(stream, 'enabled')).status).toBe(403)
    await byOperator('enabled', null)
    await pushing.until(() => end.pushed.length === 3)
    const all = await told()
    expect(all[0]?.sub_id).toEqual({ format: 'opaque', id })
    expect(all[0]?.events).toEqual({ [`${SSF}stream-updated`]: { status: 'paused', reason: 'maintenance' } })
    expect(all[1]?.events).toEqual({ [`${SSF}stream-updated`]: { status: 'enabled' } })
    expect(typesOf(all)[2]).toBe('account-disabled')
    expect((await set(stream, 'paused')).status).toBe(200)
  })

  test('what waits already when a stream is paused is held as well; the receiver hears of the pause first', async () => {
    const stream = await pushed()
    end.answer = () => ({ status: 503 })
    pushing = await startPushing(server)
    await happen('user.disabled')
    await pushing.until(async () => (await row(stream)).failures === 1)
    await server.database.transaction((tx) =>
      setStatusByOperator(tx, stream.stream_id, { status: 'paused', reason: null }),
    )
    end.answer = () => ({ status: 202 })
    await due()
    await pushing.until(() => end.pushed.length >= 2)
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(typesOf(await told())).toEqual(['account-disabled', 'stream-updated'])
    expect((await row(stream)).delivered).toBe(1n)
  })

  test('a client that was disabled hears of nothing', async () => {
    await pushed()
    pushing = await startPushing(server)
    const { prisma } = server.database
    await prisma.client.update({ where: { id: receiver.client.id }, data: { disabledAt: new Date() } })
    await happen('user.disabled')
    await settle(server)
    const other = await addReceiver(server)
    await addStream(other, {
      delivery: { method: 'urn:ietf:rfc:8935', endpoint_url: end.url },
      events_requested: ALL_EVENTS,
    })
    await happen('user.enabled')
    await pushing.until(() => end.pushed.length === 1)
    expect((await verified(server, other, end.pushed[0]?.body ?? '')).aud).toBe(other.client.id)
  })
})
