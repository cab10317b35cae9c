import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { record } from '../../../src/audit/index.ts'
import { deleteUser, setDisabled, setPasswordHash, updateUser } from '../../../src/users/index.ts'
import { revoke } from '../../../src/oidc/index.ts'
import { addPerson, addRecoveryCodes } from '../../support/people.ts'
import { startTestServer } from '../../support/server.ts'
import type { TestServer } from '../../support/server.ts'
import {
  addListeningApp,
  addReceiver,
  addStream,
  CAEP,
  hear,
  pollOnce,
  RISC,
  settle,
  typesOf,
} from '../../support/signals.ts'
import type { Receiver, StreamDocument } from '../../support/signals.ts'
import { signOut, tokensFor } from '../../support/sign-in.ts'

let server: TestServer
let app: Awaited<ReturnType<typeof addListeningApp>>
let receiver: Receiver
let stream: StreamDocument
beforeAll(async () => {
  server = await startTestServer()
  app = await addListeningApp(server)
  receiver = await addReceiver(server, { client: app })
  stream = await addStream(receiver)
})
afterAll(() => server.stop())

const listen = () => hear(server, receiver, stream)
const person = () => addPerson(server, { totp: false })

describe('what a receiver hears (SSF 1.0 §4, RFC 8417)', () => {
  test('a token has its type, no sub and no exp, one event, and is signed with RS256', async () => {
    const { id } = await person()
    await listen()
    await setDisabled(server.database.prisma, id, true)
    await settle(server)
    const { sets } = await pollOnce(receiver, stream)
    const [[jti, token] = ['', '']] = Object.entries(sets)
    expect(decodeProtectedHeader(token)).toEqual({
      typ: 'secevent+jwt',
      alg: 'RS256',
      kid: expect.any(String) as unknown,
    })
    const payload = decodeJwt(token)
    expect(payload).toEqual({
      ...{ iss: server.issuer, aud: app.id, jti, txn: expect.any(String) as unknown },
      ...{ iat: expect.any(Number) as unknown, toe: expect.any(Number) as unknown },
      sub_id: { format: 'iss_sub', iss: server.issuer, sub: id },
      events: { [`${RISC}account-disabled`]: {} },
    })
    await pollOnce(receiver, stream, { ack: Object.keys(sets), maxEvents: 0 })
  })

  test('a sign-in and a sign-out, by the sid of its ID tokens (CAEP 1.0 §3.1, §3.6)', async () => {
    const somebody = await addPerson(server)
    await addRecoveryCodes(server, somebody)
    await listen()
    const { id_token: idToken, agent } = await tokensFor(server, app, somebody)
    const { sid } = decodeJwt(idToken)
    await signOut(agent)
    const told = await listen()
    expect(typesOf(told)).toEqual(['session-established', 'session-revoked'])
    expect(told[0]?.events[`${CAEP}session-established`]).toMatchObject({
      acr: 'urn:cardea:acr:mfa',
      amr: expect.arrayContaining(['pwd', 'otp']) as unknown,
    })
    const user = { format: 'iss_sub', iss: server.issuer, sub: somebody.id }
    expect(told[1]?.sub_id).toEqual({ format: 'complex', user, session: { format: 'opaque', id: sid } })
    expect(told[1]?.events[`${CAEP}session-revoked`]).toMatchObject({
      ...{ initiating_entity: 'user', reason_admin: { en: 'The user signed out' } },
    })
  })

  test('a session that became stronger, or weaker, is not a new one (CAEP 1.0 §3.4)', async () => {
    const { id } = await person()
    await listen()
    const reach = (level: string) =>
      record(server.database.prisma, {
        ...{ type: 'session.started', userId: id, sessionUid: `session-of-${id}` },
        detail: { acr: `urn:cardea:acr:${level}`, amr: ['pwd'] },
      })
    for (const level of ['pwd', 'mfa', 'mfa', 'pwd']) await reach(level)
    const told = await listen()
    expect(typesOf(told)).toEqual([
      ...['session-established', 'assurance-level-change', 'assurance-level-change'],
    ])
    expect(told.slice(1).map(({ events }) => events[`${CAEP}assurance-level-change`])).toMatchObject([
      {
        namespace: `${server.issuer}/acr`,
        current_level: 'urn:cardea:acr:mfa',
        previous_level: 'urn:cardea:acr:pwd',
        change_direction: 'increase',
      },
      { current_level: 'urn:cardea:acr:pwd', change_direction: 'decrease' },
    ])
  })

  test('a changed password, and all that ends with it, of one cause (SSF 1.0 §4.1.9)', async () => {
    const { id } = await person()
    await listen()
    const by = { actor: { via: 'admin_api' as const, requestId: 'one-request' } }
    const hash = await server.hasher.hash('a-new-one-for-somebody')
    await server.database.transaction(async (tx) => {
      await setPasswordHash(tx, id, hash, by)
      await revoke(tx, { userId: id }, { reason: 'password_changed', ...by })
    })
    const told = await listen()
    expect(typesOf(told)).toEqual(['credential-change', 'session-revoked'])
    expect(told[0]?.events[`${CAEP}credential-change`]).toMatchObject({
      ...{ credential_type: 'password', change_type: 'update', initiating_entity: 'admin' },
    })
    expect(new Set(told.map(({ txn }) => txn)).size).toBe(1)
    expect(new Set(told.map(({ jti }) => jti)).size).toBe(2)
  })

  test('changed claims, with values for those who may see them, and no others (SSF 1.0 §9.2)', async () => {
    const somebody = await person()
    const change = (patch: object) =>
      server.database.transaction((tx) => updateUser(tx, somebody.id, patch, { actor: { via: 'admin_api' } }))
    await listen()
    await change({ name: 'Unseen' })
    expect(await listen()).toEqual([])
    await tokensFor(server, app, somebody, { scope: 'openid profile' })
    await listen()
    await change({ name: 'Ada Lovelace', email: `new-${somebody.email}` })
    const told = await listen()
    expect(typesOf(told)).toEqual(['token-claims-change', 'recovery-information-changed'])
    expect(told[0]?.events[`${CAEP}token-claims-change`]).toMatchObject({ claims: { name: 'Ada Lovelace' } })
    expect(JSON.stringify(told)).not.toContain('example.com')
  })

  test('a user who is gone (RISC 1.0 §2.2)', async () => {
    const { id } = await person()
    await listen()
    await server.database.transaction((tx) => deleteUser(tx, id))
    const told = await listen()
    expect(typesOf(told)).toEqual(['account-purged'])
    expect(told[0]?.sub_id['sub']).toBe(id)
  })

  test('nothing that it did not ask for, and nothing of the time before it asked', async () => {
    const { id } = await person()
    await setDisabled(server.database.prisma, id, true)
    await settle(server)
    const other = await addReceiver(server)
    const few = await addStream(other, { events_requested: [`${RISC}account-enabled`] })
    await setDisabled(server.database.prisma, id, false)
    await setDisabled(server.database.prisma, id, true)
    expect(typesOf(await hear(server, other, few))).toEqual(['account-enabled'])
    await listen()
  })

  test('more than waits at once: it is bounded, and nothing is lost (FT-22)', async () => {
    const { id } = await person()
    const other = await addReceiver(server)
    const many = await addStream(other, { events_requested: [`${RISC}account-disabled`] })
    await server.database.pool.query(
      `INSERT INTO audit_events (type, user_id) SELECT 'user.disabled', $1::text FROM generate_series(1, 450)`,
      [id],
    )
    await settle(server)
    let heard = 0
    let most = 0
    for (let more = true; more;) {
      const { sets, moreAvailable } = await pollOnce(other, many)
      most = Math.max(
        most,
        await server.database.prisma.ssfEvent.count({ where: { streamId: many.stream_id } }),
      )
      heard += Object.keys(sets).length
      await pollOnce(other, many, { ack: Object.keys(sets), maxEvents: 0 })
      more = moreAvailable === true
    }
    expect(heard).toBe(450)
    expect(most).toBeLessThanOrEqual(300)
    await listen()
  })
})

describe('the subjects of a stream (SSF 1.0 §8.1.3)', () => {
  const subject = (of: Receiver, what: 'add' | 'remove', stream_id: string, named: object) =>
    of.ask(`/ssf/subjects/${what}`, { json: { stream_id, subject: named } })
  const toggle = async (id: string) => {
    await setDisabled(server.database.prisma, id, true)
    await setDisabled(server.database.prisma, id, false)
  }

  test('of everybody those that were removed, by whatever name, until they are added again', async () => {
    const [one, two] = [await person(), await person()]
    const { stream_id: id } = stream
    await listen()
    const removed = await subject(receiver, 'remove', id, { format: 'email', email: one.email.toUpperCase() })
    expect([removed.status, removed.text]).toEqual([204, ''])
    for (const { id: user } of [one, two]) await toggle(user)
    expect((await listen()).map(({ sub_id: said }) => said['sub'])).toEqual([two.id, two.id])
    await server.database.transaction((tx) => updateUser(tx, one.id, { email: `other-${one.email}` }))
    await toggle(one.id)
    expect(await listen()).toEqual([])
    const added = await subject(receiver, 'add', id, { format: 'iss_sub', iss: server.issuer, sub: one.id })
    expect([added.status, added.text]).toEqual([200, ''])
    await toggle(one.id)
    expect(await listen()).toHaveLength(2)
  })

  test('one session that was removed is not its user', async () => {
    const somebody = await person()
    const { agent, id_token: idToken } = await tokensFor(server, app, somebody)
    const { sid } = decodeJwt(idToken)
    await listen()
    const user = { format: 'opaque', id: somebody.id }
    await subject(receiver, 'remove', stream.stream_id, {
      format: 'complex',
      user,
      session: { format: 'opaque', id: sid },
    })
    await signOut(agent)
    await toggle(somebody.id)
    expect(typesOf(await listen())).toEqual(['account-disabled', 'account-enabled'])
  })

  test('nobody is told apart from nobody, and what is no subject of ours is refused (§9.1)', async () => {
    const { stream_id: id } = stream
    const known = await subject(receiver, 'add', id, { format: 'email', email: (await person()).email })
    const unknown = await subject(receiver, 'add', id, { format: 'email', email: 'nobody@nowhere.example' })
    expect([known.status, known.text]).toEqual([unknown.status, unknown.text])
    const wrong = [
      { format: 'phone_number', phone_number: '+12065550123' },
      { format: 'email' },
      { format: 'email', email: 'a@b.example', more: 1 },
      { format: 'complex', tenant: { format: 'opaque', id: 'x' } },
      { format: 'complex', user: { format: 'opaque', id: 'x' }, device: { format: 'opaque', id: 'y' } },
      'ada',
    ]
    for (const named of wrong) expect((await subject(receiver, 'add', id, named as object)).status).toBe(400)
  })
})

describe('a server whose streams begin with nobody (SSF 1.0 §7.1)', () => {
  test('tells of those that were added, as long as they are, also when they are gone', async () => {
    const quiet = await startTestServer({ env: { CARDEA_SIGNALS_DEFAULT_SUBJECTS: 'NONE' } })
    try {
      const metadata = (await quiet.ask('/.well-known/ssf-configuration')).json()
      expect(metadata['default_subjects']).toBe('NONE')
      const own = await addReceiver(quiet)
      const none = await addStream(own)
      const [one, two] = [await addPerson(quiet, { totp: false }), await addPerson(quiet, { totp: false })]
      const json = (what: object) => ({ json: { stream_id: none.stream_id, subject: what } })
      await own.ask('/ssf/subjects/add', json({ format: 'email', email: one.email }))
      await quiet.database.transaction((tx) => deleteUser(tx, two.id))
      await setDisabled(quiet.database.prisma, one.id, true)
      await quiet.database.transaction((tx) => deleteUser(tx, one.id))
      expect(typesOf(await hear(quiet, own, none))).toEqual(['account-disabled', 'account-purged'])
      const { rows } = await quiet.database.pool.query<{ all: string }>(
        'SELECT s::text AS all FROM ssf_subjects s',
      )
      expect(rows).toHaveLength(1)
      expect(rows[0]?.all).not.toContain('example.com')
    } finally {
      await quiet.stop()
    }
  })
})
