import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { record, sealEvents } from '../../../src/audit/index.ts'
import { revoke } from '../../../src/oidc/index.ts'
import { addEvents, streamLags, VERIFICATION } from '../../../src/receivers/index.ts'
import { addPerson } from '../../support/people.ts'
import { startTestServer } from '../../support/server.ts'
import type { TestServer } from '../../support/server.ts'
import {
  addReceiver,
  addStream,
  hear,
  pollOnce,
  RISC,
  settle,
  SSF,
  startPushing,
  verified,
} from '../../support/signals.ts'
import type { Receiver } from '../../support/signals.ts'

let server: TestServer
let receiver: Receiver
beforeAll(async () => {
  server = await startTestServer()
  receiver = await addReceiver(server)
})
afterAll(() => server.stop())

describe('verification (SSF 1.0 §8.1.4)', () => {
  test('echoes the state in an event about the stream, and not more often than every ten seconds', async () => {
    const stream = await addStream(receiver)
    const { stream_id } = stream
    const ask = (json: object) => receiver.ask('/ssf/verify', { json })
    const answers = [await ask({ stream_id, state: 'VGhpcyBpcyBhbiBleGFtcGxl' }), await ask({ stream_id })]
    expect(answers.map(({ status, text }) => [status, text === ''])).toEqual([
      [204, true],
      [429, false],
    ])
    expect(answers[1]?.headers['retry-after']).toBe('10')
    const [told, ...rest] = await hear(server, receiver, stream)
    expect(rest).toEqual([])
    expect(told?.events).toEqual({ [`${SSF}verification`]: { state: 'VGhpcyBpcyBhbiBleGFtcGxl' } })
    expect(told?.sub_id).toEqual({ format: 'opaque', id: stream_id })
    expect((await ask({})).status).toBe(400)
    expect((await ask({ stream_id: 'nobody' })).status).toBe(404)
  })
})

describe('polling (RFC 8936 §2)', () => {
  test('gives the oldest first, again until acknowledged, and says whether there are more', async () => {
    const own = await addReceiver(server)
    const stream = await addStream(own, {
      events_requested: [`${RISC}account-enabled`, `${RISC}account-disabled`],
    })
    const people = await Promise.all([1, 2, 3].map(() => addPerson(server, { totp: false })))
    for (const { id } of people) await record(server.database.prisma, { type: 'user.disabled', userId: id })
    await settle(server)
    const first = await pollOnce(own, stream, { maxEvents: 2 })
    expect(first.moreAvailable).toBe(true)
    expect(Object.keys(first.sets)).toHaveLength(2)
    const again = await pollOnce(own, stream, { maxEvents: 2 })
    expect(Object.keys(again.sets)).toEqual(Object.keys(first.sets))
    const tokens = await Promise.all(
      Object.entries(first.sets).map(
        async ([jti, token]) => [jti, await verified(server, own, token)] as const,
      ),
    )
    expect(tokens.map(([, told]) => [told.jti, told.sub_id['sub']])).toEqual(
      tokens.map(([jti], nth) => [jti, people[nth]?.id]),
    )
    const [one, two] = Object.keys(first.sets)
    const third = await pollOnce(own, stream, {
      ack: [one],
      setErrs: { [two ?? '']: { err: 'invalid_request', description: 'no' } },
    })
    expect(Object.keys(third.sets)).toHaveLength(1)
    expect(third.moreAvailable).toBeUndefined()
    expect(await pollOnce(own, stream, { ack: Object.keys(third.sets), maxEvents: 0 })).toEqual({ sets: {} })
    expect(await pollOnce(own, stream)).toEqual({ sets: {} })
    expect(
      await server.database.prisma.ssfStream.findUnique({ where: { id: stream.stream_id } }),
    ).toMatchObject({
      ...{ delivered: 2n, refused: 1n, lastError: 'invalid_request' },
    })
  })

  test('a stream that is enabled again hears of what was being written at that moment', async () => {
    const own = await addReceiver(server)
    const stream = await addStream(own, { events_requested: [`${RISC}account-disabled`] })
    const { id } = await addPerson(server, { totp: false })
    const set = (status: string) => own.ask('/ssf/status', { json: { stream_id: stream.stream_id, status } })
    expect((await set('disabled')).status).toBe(200)
    await settle(server)
    const writer = await server.database.pool.connect()
    await writer.query('BEGIN')
    await writer.query("INSERT INTO audit_events (type, user_id) VALUES ('user.disabled', $1)", [id])
    // Behind it comes one that is there at once.
    await record(server.database.prisma, { type: 'user.enabled', userId: id })
    await sealEvents(server.database)
    expect((await set('enabled')).status).toBe(200)
    await writer.query('COMMIT')
    writer.release()
    await settle(server)
    expect(Object.keys((await pollOnce(own, stream)).sets)).toHaveLength(1)
  })

  test('what happens is written down before anybody polls, so that it is seen that nobody does', async () => {
    const own = await addReceiver(server)
    const stream = await addStream(own, { events_requested: [`${RISC}account-disabled`] })
    const { id } = await addPerson(server, { totp: false })
    const { prisma } = server.database
    await record(prisma, { type: 'user.disabled', userId: id })
    await record(prisma, { type: 'user.enabled', userId: id })
    const pushing = await startPushing(server)
    try {
      await pushing.until(async () => (await streamLags(prisma, [stream.stream_id]))[0]?.behind === 0)
      expect(await streamLags(prisma, [stream.stream_id])).toMatchObject([{ waiting: 1 }])
    } finally {
      await pushing.stop()
    }
    expect(Object.keys((await pollOnce(own, stream)).sets)).toHaveLength(1)
  })

  test('what a receiver cannot check it is given again, however often it says so: nothing is lost to a wrong key', async () => {
    const own = await addReceiver(server)
    const stream = await addStream(own)
    await own.ask('/ssf/verify', { json: { stream_id: stream.stream_id } })
    for (const err of ['invalid_key', 'invalid_issuer', 'invalid_audience', 'authentication_failed']) {
      const [jti = ''] = Object.keys((await pollOnce(own, stream)).sets)
      await pollOnce(own, stream, { setErrs: { [jti]: { err, description: 'no' } } })
    }
    expect(Object.keys((await pollOnce(own, stream)).sets)).toHaveLength(1)
    expect(
      await server.database.prisma.ssfStream.findUnique({ where: { id: stream.stream_id } }),
    ).toMatchObject({ refused: 0n, lastError: 'authentication_failed' })
  })

  test('whose token ended while it waited is told nothing', async () => {
    const own = await addReceiver(server)
    const stream = await addStream(own)
    const waiting = own.ask(`/ssf/poll/${stream.stream_id}`, { json: {} })
    await new Promise((resolve) => setTimeout(resolve, 300))
    await server.database.transaction(async (tx) => {
      await revoke(tx, { clientId: own.client.id }, { reason: 'test' })
      await addEvents(tx, stream.stream_id, [
        { type: VERIFICATION, subject: {}, event: {}, control: true, toe: new Date() },
      ])
    })
    const answer = await waiting
    expect([answer.status, answer.text.includes('sets')]).toEqual([401, false])
  })

  test('two wait at a stream; a third is answered at once', async () => {
    const own = await addReceiver(server)
    const { stream_id } = await addStream(own)
    const poll = () => own.ask(`/ssf/poll/${stream_id}`, { json: {} })
    const two = [poll(), poll()]
    await new Promise((resolve) => setTimeout(resolve, 500))
    const first = await Promise.race([poll().then(() => 'third'), ...two.map((one) => one.then(() => 'one'))])
    expect(first).toBe('third')
    await own.ask('/ssf/verify', { json: { stream_id } })
    for (const { status } of await Promise.all(two)) expect(status).toBe(200)
  })

  test('waits for something to happen, as long as a request may take, and no longer', async () => {
    const own = await addReceiver(server)
    const stream = await addStream(own)
    const waiting = own.ask(`/ssf/poll/${stream.stream_id}`, { json: {} })
    await new Promise((resolve) => setTimeout(resolve, 300))
    await own.ask('/ssf/verify', { json: { stream_id: stream.stream_id, state: 'now' } })
    const { sets } = (await waiting).json<{ sets: Record<string, string> }>()
    expect(Object.keys(sets)).toHaveLength(1)
  })

  test.each([{ maxEvents: -1 }, { maxEvents: 'all' }, { ack: 'all' }, { setErrs: { a: 'b' } }])(
    'refuses %j: 400',
    async (json) => {
      const { stream_id: id } = await addStream(receiver)
      expect((await receiver.ask(`/ssf/poll/${id}`, { json })).status).toBe(400)
    },
  )
})
