import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { setStatusByOperator } from '../../../src/receivers/index.ts'
import { adminTokenFor } from '../../support/global-revocation.ts'
import { addClient, addPerson, machineClient } from '../../support/people.ts'
import { startTestServer } from '../../support/server.ts'
import type { TestServer } from '../../support/server.ts'
import { addReceiver, addStream, ALL_EVENTS, CAEP, RISC } from '../../support/signals.ts'
import type { Receiver, StreamDocument } from '../../support/signals.ts'
import { askToken, redeem, signIn } from '../../support/sign-in.ts'
import type { Tokens } from '../../support/sign-in.ts'

let server: TestServer
let receiver: Receiver
beforeAll(async () => {
  server = await startTestServer()
  receiver = await addReceiver(server)
})
afterAll(() => server.stop())

describe('the transmitter (SSF 1.0 §7, CAEP Interoperability Profile 1.0 §2.3)', () => {
  test('tells where everything is', async () => {
    const answer = await server.ask('/.well-known/ssf-configuration')
    const { issuer } = server
    expect(answer.headers['content-type']).toMatch(/^application\/json/)
    expect(answer.json()).toEqual({
      spec_version: '1_0',
      issuer,
      jwks_uri: `${issuer}/jwks`,
      delivery_methods_supported: ['urn:ietf:rfc:8935', 'urn:ietf:rfc:8936'],
      configuration_endpoint: `${issuer}/ssf/stream`,
      status_endpoint: `${issuer}/ssf/status`,
      add_subject_endpoint: `${issuer}/ssf/subjects/add`,
      remove_subject_endpoint: `${issuer}/ssf/subjects/remove`,
      verification_endpoint: `${issuer}/ssf/verify`,
      critical_subject_members: ['user', 'session'],
      authorization_schemes: [{ spec_urn: 'urn:ietf:rfc:6749' }],
      default_subjects: 'ALL',
    })
    expect((await server.ask('/.well-known/ssf-configuration/elsewhere')).status).toBe(404)
    expect((await server.ask('/.well-known/ssf-configuration', { method: 'POST', body: '' })).status).toBe(
      405,
    )
  })

  test('gives receivers tokens by client_credentials with ssf.* scopes, with the resource or without', async () => {
    const form = { grant_type: 'client_credentials', scope: 'ssf.read' }
    for (const more of [{}, { resource: 'urn:cardea:api:signals' }]) {
      const answer = await askToken(server, receiver.client, { ...form, ...more })
      expect(answer.status).toBe(200)
      const {
        access_token: token,
        expires_in: seconds,
        scope,
      } = answer.json<Tokens & { expires_in: number }>()
      expect([scope, seconds]).toEqual(['ssf.read', 600])
      expect((await receiver.ask('/ssf/stream', { token })).status).toBe(200)
    }
  })

  test('gives them to nobody who is not registered for it', async () => {
    const other = await addClient(server, { metadata: machineClient })
    const answer = await askToken(server, other, { grant_type: 'client_credentials', scope: 'ssf.manage' })
    expect([answer.status, answer.json()['error']]).toEqual([400, 'invalid_scope'])
  })
})

describe('who may (RFC 6750 §3, CAEP Interoperability Profile 1.0 §2.7)', () => {
  const everywhere: [string, string, object | undefined][] = [
    ['GET', '/ssf/stream', undefined],
    ['POST', '/ssf/stream', {}],
    ['PATCH', '/ssf/stream', {}],
    ['PUT', '/ssf/stream', {}],
    ['DELETE', '/ssf/stream?stream_id=x', undefined],
    ['GET', '/ssf/status?stream_id=x', undefined],
    ['POST', '/ssf/status', {}],
    ['POST', '/ssf/subjects/add', {}],
    ['POST', '/ssf/subjects/remove', {}],
    ['POST', '/ssf/verify', {}],
    ['POST', `/ssf/poll/${randomUUID()}`, {}],
  ]
  test.each(everywhere)(
    '%s %s takes a receiver’s own token, in the header alone',
    async (method, path, json) => {
      const bare = await server.ask(path, { method, ...(json ? { body: '{}' } : {}) })
      expect([bare.status, bare.headers['www-authenticate']]).toEqual([
        401,
        `Bearer realm="${server.issuer}"`,
      ])
      expect(bare.headers['cache-control']).toBe('no-store')
      const joint = path.includes('?') ? '&' : '?'
      const query = await server.ask(`${path}${joint}access_token=${receiver.token}`, {
        method,
        ...(json ? { body: '{}' } : {}),
      })
      expect(query.status).toBe(401)
      const ask = { method, ...(json ? { json } : {}) }
      expect(
        (await receiver.ask(path, { ...ask, token: 'x'.repeat(43) })).headers['www-authenticate'],
      ).toContain('invalid_token')
    },
  )

  test('a token for another API, or of a person, is none; ssf.read changes nothing', async () => {
    const tool = await addClient(server, { metadata: { ...machineClient, scope: 'users:read' } })
    const admins = await adminTokenFor(server, tool, 'users:read')
    expect((await receiver.ask('/ssf/stream', { token: admins })).status).toBe(401)
    const app = await addClient(server, { metadata: { scope: 'openid ssf.manage' } })
    const person = await addPerson(server, { totp: false })
    const resource = { resource: 'urn:cardea:api:signals' }
    const signedIn = await signIn(server, app, person, { scope: 'openid ssf.manage', ...resource })
    const { access_token: token } = (await redeem(server, app, signedIn, resource)).json<Tokens>()
    expect((await receiver.ask('/ssf/stream', { token })).status).toBe(403)
    const reader = await addReceiver(server, { scope: 'ssf.read' })
    expect((await reader.ask('/ssf/stream')).status).toBe(200)
    const denied = await reader.ask('/ssf/stream', { json: {} })
    expect([denied.status, denied.headers['www-authenticate']]).toEqual([
      403,
      `Bearer realm="${server.issuer}", error="insufficient_scope", scope="ssf.manage"`,
    ])
  })

  test('a scope that the client lost, or a client that is disabled, opens nothing from then on', async () => {
    const other = await addReceiver(server)
    const stream = await addStream(other)
    const { prisma } = server.database
    await prisma.client.update({
      where: { id: other.client.id },
      data: { metadata: { ...machineClient, scope: 'ssf.read' } },
    })
    expect((await other.ask('/ssf/verify', { json: { stream_id: stream.stream_id } })).status).toBe(403)
    await prisma.client.update({ where: { id: other.client.id }, data: { disabledAt: new Date() } })
    expect((await other.ask('/ssf/stream')).status).toBe(401)
  })

  test('the streams of another receiver are not there', async () => {
    const stream = await addStream(receiver)
    const other = await addReceiver(server)
    const { stream_id: id } = stream
    const asked = await Promise.all([
      other.ask(`/ssf/stream?stream_id=${id}`),
      other.ask(`/ssf/status?stream_id=${id}`),
      other.ask('/ssf/stream', { method: 'PATCH', json: { stream_id: id } }),
      other.ask('/ssf/stream', { method: 'PUT', json: { stream_id: id } }),
      other.ask(`/ssf/stream?stream_id=${id}`, { method: 'DELETE' }),
      other.ask('/ssf/status', { json: { stream_id: id, status: 'disabled' } }),
      other.ask('/ssf/subjects/add', { json: { stream_id: id, subject: { format: 'opaque', id: 'x' } } }),
      other.ask('/ssf/subjects/remove', { json: { stream_id: id, subject: { format: 'opaque', id: 'x' } } }),
      other.ask('/ssf/verify', { json: { stream_id: id } }),
      other.ask(`/ssf/poll/${id}`, { json: {} }),
    ])
    expect(asked.map(({ status }) => status)).toEqual(Array(10).fill(404))
    expect((await other.ask('/ssf/stream')).json()).toEqual([])
    expect((await receiver.ask(`/ssf/stream?stream_id=${id}`)).json()).toEqual(stream)
  })
})

describe('a stream (SSF 1.0 §8.1.1)', () => {
  test('is polled when nothing is said, and delivers what is asked for and supported', async () => {
    const asked = [`${CAEP}session-revoked`, 'urn:example:unknown', `${RISC}account-disabled`]
    const stream = await addStream(receiver, { events_requested: asked, description: 'for Ada' })
    expect(stream).toEqual({
      stream_id: stream.stream_id,
      iss: server.issuer,
      aud: receiver.client.id,
      events_supported: ALL_EVENTS,
      events_requested: asked,
      events_delivered: [asked[0], asked[2]],
      delivery: {
        method: 'urn:ietf:rfc:8936',
        endpoint_url: `${server.issuer}/ssf/poll/${stream.stream_id}`,
      },
      min_verification_interval: 10,
      description: 'for Ada',
    })
    expect((await receiver.ask(`/ssf/stream?stream_id=${stream.stream_id}`)).json()).toEqual(stream)
    expect((await receiver.ask('/ssf/stream')).json<StreamDocument[]>()).toContainEqual(stream)
  })

  test.each([
    ['no JSON', '{'],
    ['an array', '[]'],
    ['another delivery method', { delivery: { method: 'urn:example:pigeon' } }],
    ['a push without an address', { delivery: { method: 'urn:ietf:rfc:8935' } }],
    [
      'a push to plain http',
      { delivery: { method: 'urn:ietf:rfc:8935', endpoint_url: 'http://receiver.example/' } },
    ],
    [
      'a push into our own house',
      { delivery: { method: 'urn:ietf:rfc:8935', endpoint_url: 'https://10.0.0.1/' } },
    ],
    [
      'credentials in the address',
      { delivery: { method: 'urn:ietf:rfc:8935', endpoint_url: 'https://a:b@receiver.example/' } },
    ],
    [
      'a header with a line break',
      {
        delivery: {
          method: 'urn:ietf:rfc:8935',
          endpoint_url: 'https://r.example/',
          authorization_header: 'a\r\nb: c',
        },
      },
    ],
    [
      'a poll address of its own',
      { delivery: { method: 'urn:ietf:rfc:8936', endpoint_url: 'https://r.example/' } },
    ],
    ['events that are no list', { events_requested: 'all' }],
  ])('is not made of %s: 400', async (_what, json) => {
    expect((await receiver.ask('/ssf/stream', { json })).status).toBe(400)
  })

  test('changes by PATCH in what is said, by PUT in everything, and never in what is ours to say', async () => {
    const { ask } = await addReceiver(server)
    const stream = (
      await ask('/ssf/stream', { json: { events_requested: ALL_EVENTS, description: 'one' } })
    ).json<StreamDocument>()
    const { stream_id } = stream
    const change = (method: string, json: object) =>
      ask('/ssf/stream', { method, json: { stream_id, ...json } })
    const patched = await change('PATCH', { events_requested: [ALL_EVENTS[0]] })
    expect([patched.status, patched.json()]).toEqual([
      200,
      { ...stream, events_requested: [ALL_EVENTS[0]], events_delivered: [ALL_EVENTS[0]] },
    ])
    for (const wrong of [
      { aud: 'somebody' },
      { iss: 'https://else.example' },
      { events_delivered: ALL_EVENTS },
      { events_supported: [] },
    ])
      for (const method of ['PATCH', 'PUT']) expect((await change(method, wrong)).status).toBe(400)
    expect((await change('PATCH', patched.json())).status).toBe(200)
    const delivery = { method: 'urn:ietf:rfc:8935', endpoint_url: 'https://receiver.example/events' }
    const pushed = await change('PATCH', {
      delivery: { ...delivery, authorization_header: 'Bearer secret-of-receiver' },
    })
    expect(pushed.json()).toMatchObject({ delivery, description: 'one' })
    expect(pushed.text).not.toContain('secret-of-receiver')
    const row = await server.database.prisma.ssfStream.findUniqueOrThrow({ where: { id: stream_id } })
    expect(
      JSON.stringify(row, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value)),
    ).not.toContain('secret-of')
    expect(row.sealedAuthorization).toMatch(/^v1\./)
    const put = (await change('PUT', { events_requested: ALL_EVENTS })).json<StreamDocument>()
    expect(put).toMatchObject({ events_delivered: ALL_EVENTS, delivery: stream.delivery })
    expect(put.description).toBeUndefined()
    expect((await ask('/ssf/stream', { method: 'PATCH', json: {} })).status).toBe(400)
    expect((await ask('/ssf/stream', { method: 'PUT', json: { stream_id: randomUUID() } })).status).toBe(404)
  })

  test('is deleted once, with all that waits; a receiver has ten at most', async () => {
    const other = await addReceiver(server)
    const streams = await Promise.all(
      Array.from({ length: 12 }, () => other.ask('/ssf/stream', { json: {} })),
    )
    expect(streams.map(({ status }) => status).sort()).toEqual([...Array<number>(10).fill(201), 409, 409])
    const made = (await other.ask('/ssf/stream')).json<StreamDocument[]>()
    expect(new Set(made.map(({ stream_id: id }) => id)).size).toBe(10)
    const path = `/ssf/stream?stream_id=${made[0]?.stream_id}`
    await other.ask('/ssf/verify', { json: { stream_id: made[0]?.stream_id } })
    expect([
      (await other.ask(path, { method: 'DELETE' })).status,
      (await other.ask(path, { method: 'DELETE' })).status,
    ]).toEqual([204, 404])
    expect((await other.ask('/ssf/stream', { method: 'DELETE' })).status).toBe(400)
    expect(
      await server.database.prisma.ssfEvent.count({ where: { streamId: made[0]?.stream_id ?? '' } }),
    ).toBe(0)
  })

  test('ends with its client', async () => {
    const other = await addReceiver(server)
    const { stream_id: id } = await addStream(other)
    await server.database.prisma.client.delete({ where: { id: other.client.id } })
    expect(await server.database.prisma.ssfStream.findUnique({ where: { id } })).toBeNull()
  })

  test('that an operator holds is neither deleted, changed nor replaced by its client, nor by another of its streams', async () => {
    const { ask } = await addReceiver(server)
    const make = async () => (await ask('/ssf/stream', { json: {} })).json<StreamDocument>().stream_id
    const [held, other] = [await make(), await make()]
    await ask('/ssf/status', { json: { stream_id: other, status: 'paused' } })
    const byOperator = (status: 'enabled' | 'disabled') =>
      server.database.transaction((tx) => setStatusByOperator(tx, held, { status, reason: 'incident' }))
    await byOperator('disabled')
    const tries = () =>
      Promise.all([
        ask('/ssf/stream', { json: {} }),
        ...[held, other].flatMap((stream_id) => [
          ask('/ssf/stream', { method: 'PATCH', json: { stream_id, description: 'x' } }),
          ask('/ssf/stream', { method: 'PUT', json: { stream_id } }),
          ask(`/ssf/stream?stream_id=${stream_id}`, { method: 'DELETE' }),
          ask('/ssf/status', { json: { stream_id, status: 'enabled' } }),
        ]),
        ask('/ssf/status', { json: { stream_id: held, status: 'disabled', reason: 'mine' } }),
      ])
    expect((await tries()).map(({ status }) => status)).toEqual(Array(10).fill(403))
    expect((await ask(`/ssf/status?stream_id=${held}`)).json()).toMatchObject({ reason: 'incident' })
    expect((await ask('/ssf/status', { json: { stream_id: other, status: 'disabled' } })).status).toBe(200)
    await byOperator('enabled')
    expect((await ask(`/ssf/stream?stream_id=${held}`, { method: 'DELETE' })).status).toBe(204)
  })
})

describe('what no stream can be asked (HT-06)', () => {
  test.each([
    ['NUL', '{"stream_id":"%","status":"paused","reason":"a\\u0000b"}', '/ssf/status', 400],
    ['half a character', '{"stream_id":"%","status":"paused","reason":"\\ud800"}', '/ssf/status', 400],
    ['NUL', '{"stream_id":"%","subject":{"format":"opaque","id":"\\u0000"}}', '/ssf/subjects/add', 400],
    ['another type', '{"stream_id":"%","events_supported":[{"toString":1}]}', 'PATCH', 400],
    [
      'a list a thousand deep',
      `{"stream_id":"%","events_supported":${'['.repeat(20_000)}${']'.repeat(20_000)}}`,
      'PATCH',
      400,
    ],
  ])('%s in %.60s: not 5xx', async (_what, text, path, status) => {
    const { stream_id: id } = await addStream(receiver)
    const json = text.replace('%', id)
    const answer =
      path === 'PATCH'
        ? await receiver.ask('/ssf/stream', { method: 'PATCH', json })
        : await receiver.ask(path, { json })
    expect(answer.status).toBe(status)
    await receiver.ask(`/ssf/stream?stream_id=${id}`, { method: 'DELETE' })
  })

  test('whoever changes a stream that is being deleted is told that it is gone', async () => {
    const own = await addReceiver(server)
    for (let round = 0; round < 5; round += 1) {
      const { stream_id } = await addStream(own)
      const subject = { format: 'opaque', id: randomUUID() }
      const [gone, ...others] = await Promise.all([
        own.ask(`/ssf/stream?stream_id=${stream_id}`, { method: 'DELETE' }),
        own.ask('/ssf/stream', { method: 'PATCH', json: { stream_id, description: 'x' } }),
        own.ask('/ssf/subjects/remove', { json: { stream_id, subject } }),
        own.ask('/ssf/verify', { json: { stream_id } }),
      ])
      expect(gone.status).toBe(204)
      for (const { status } of others) expect([200, 204, 404]).toContain(status)
    }
  })
})

describe('what one receiver can make grow (HT-05)', () => {
  test('what changes nothing is no event of the audit', async () => {
    const own = await addReceiver(server)
    const { stream_id } = await addStream(own)
    const subject = { format: 'opaque', id: randomUUID() }
    const count = () => server.database.prisma.auditEvent.count({ where: { clientId: own.client.id } })
    const each = async () => {
      await own.ask('/ssf/status', { json: { stream_id, status: 'paused', reason: 'x' } })
      await own.ask('/ssf/subjects/remove', { json: { stream_id, subject } })
      await own.ask('/ssf/stream', { method: 'PATCH', json: { stream_id, description: 'mine' } })
    }
    const before = await count()
    await each()
    expect(await count()).toBe(before + 3)
    await each()
    await own.ask('/ssf/subjects/add', { json: { stream_id, subject } })
    await own.ask('/ssf/subjects/add', { json: { stream_id, subject } })
    expect(await count()).toBe(before + 4)
  })

  test('in a paused stream one verification event waits, the last', async () => {
    const own = await addReceiver(server)
    const { stream_id } = await addStream(own)
    await own.ask('/ssf/status', { json: { stream_id, status: 'paused' } })
    for (const state of ['one', 'two']) {
      await own.ask('/ssf/verify', { json: { stream_id, state } })
      await server.database.pool.query("UPDATE ssf_streams SET verified_at = now() - interval '1 minute'")
    }
    const rows = await server.database.prisma.ssfEvent.findMany({ where: { streamId: stream_id } })
    expect(rows.map(({ event }) => event)).toEqual([{ state: 'two' }])
  })

  test('a client asks six hundred times a minute, and then waits; others do not', async () => {
    const own = await addReceiver(server)
    const statuses: number[] = []
    for (let asked = 0; asked < 620; asked += 20) {
      const answers = await Promise.all(Array.from({ length: 20 }, () => own.ask('/ssf/stream')))
      statuses.push(...answers.map(({ status }) => status))
    }
    expect(statuses.filter((status) => status === 200)).toHaveLength(600)
    const late = await own.ask('/ssf/stream')
    expect([late.status, Number(late.headers['retry-after']) > 0]).toEqual([429, true])
    expect((await receiver.ask('/ssf/stream')).status).toBe(200)
  })
})
