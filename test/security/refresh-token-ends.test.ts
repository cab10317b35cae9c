import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { deleteClient } from '../../src/clients/index.ts'
import { revoke } from '../../src/oidc/index.ts'
import type { Selector } from '../../src/oidc/index.ts'
import { setDisabled } from '../../src/users/index.ts'
import { addClient, addPerson } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { refresh, tokensFor } from '../support/sign-in.ts'
import type { Tokens } from '../support/sign-in.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { giveBack, grantOf, introspect, userinfo } from '../support/tokens.ts'
import { formOf } from '../support/user-agent.ts'
import type { UserAgent } from '../support/user-agent.ts'

type Client = Awaited<ReturnType<typeof addClient>>
let server: TestServer
beforeAll(async () => (server = await startTestServer({ instances: 2 })))
afterAll(() => server.stop())

type Case = { client: Client; person: Person; tokens: Tokens & { agent: UserAgent } }
const offline = { scope: 'openid offline_access', prompt: 'consent' }

async function arrange(params: Record<string, string> = offline): Promise<Case> {
  const [client, person] = [await addClient(server), await addPerson(server)]
  return { client, person, tokens: await tokensFor(server, client, person, params) }
}

const end = (selector: Selector, options: { keepOffline?: boolean } = {}) =>
  server.database.transaction((tx) => revoke(tx, { ...selector, ...options }, { reason: 'test' }))

async function sessionOf({ person }: Case): Promise<string> {
  return (await server.database.prisma.session.findFirstOrThrow({ where: { userId: person.id } })).uid
}

async function signOut({ tokens }: Case): Promise<void> {
  const page = await tokens.agent.get(
    `/logout?${new URLSearchParams({ id_token_hint: tokens.id_token }).toString()}`,
  )
  const { action, fields } = formOf(page, /logout/)
  const answer = await tokens.agent.post(action, { ...fields, logout: 'yes' })
  expect([200, 303]).toContain(answer.status)
}

/** Every door refuses, on both instances, in its own words, and none of them with an error of ours. */
async function expectDead({ client, tokens }: Case, errors = ['invalid_grant']): Promise<void> {
  for (const instance of server.instances) {
    const refreshed = await refresh(instance, client, tokens.refresh_token)
    expect([400, 401]).toContain(refreshed.status)
    expect(errors).toContain(refreshed.json()['error'])
    expect((await userinfo(instance, tokens.access_token)).status).toBe(401)
    const seen = await introspect(instance, client, tokens.access_token)
    if (seen.status === 200) expect(seen.text).toBe('{"active":false}')
    else expect([seen.status, errors]).toEqual([401, ['invalid_client']])
  }
}

async function expectAlive({ client, tokens }: Case): Promise<void> {
  expect((await refresh(server, client, tokens.refresh_token)).status).toBe(200)
  expect((await userinfo(server, tokens.access_token)).status).toBe(200)
  expect((await introspect(server, client, tokens.access_token)).json()).toMatchObject({ active: true })
}

describe('a refresh token and what was had with it end at once when', () => {
  test.each<[string, (its: Case) => Promise<unknown>]>([
    [
      'all access of the user is revoked, as a changed password does',
      ({ person }) => end({ userId: person.id }),
    ],
    [
      'the user is disabled, by the flag alone',
      ({ person }) => setDisabled(server.database.prisma, person.id, true),
    ],
    ['the user is deleted', ({ person }) => server.database.prisma.user.delete({ where: { id: person.id } })],
    [
      'the grant is revoked, as a withdrawn consent does',
      async ({ tokens }) => end({ grantId: await grantOf(server, tokens.refresh_token) }),
    ],
    [
      'the session is ended with all that came of it',
      async (its) => end({ sessionUid: await sessionOf(its) }),
    ],
    [
      'the client gives the refresh token back',
      ({ client, tokens }) => giveBack(server, client, tokens.refresh_token),
    ],
    [
      'the client gives the access token back (M13)',
      ({ client, tokens }) => giveBack(server, client, tokens.access_token),
    ],
  ])('%s (RT-06, IN-04, ASVS 7.4.2, CVE-2026-43983)', async (_, happen) => {
    const its = await arrange()
    await expectAlive(its)
    await happen(its)
    await expectDead(its)
  })

  test.each<[string, (its: Case) => Promise<unknown>]>([
    [
      'the client is disabled, by the flag alone',
      ({ client }) =>
        server.database.prisma.client.update({ where: { id: client.id }, data: { disabledAt: new Date() } }),
    ],
    [
      'the client is deleted, by its row alone (FT-31, M15)',
      ({ client }) => deleteClient(server.database.prisma, client.id),
    ],
    [
      'the client is deleted with all it had',
      ({ client }) =>
        server.database.transaction(async (tx) => {
          await deleteClient(tx, client.id)
          await revoke(tx, { clientId: client.id }, { reason: 'client_deleted' })
        }),
    ],
  ])('%s (RT-06, IN-04)', async (_, happen) => {
    const its = await arrange()
    await happen(its)
    await expectDead(its, ['invalid_client'])
  })

  test('its user signs out, if it has no offline access (RT-06, LO-02)', async () => {
    const its = await arrange({ scope: 'openid' })
    await expectAlive(its)
    await signOut(its)
    await expectDead(its)
  })

  test('its user was disabled and enabled again: what ended stays ended (RT-06, SE-08)', async () => {
    const its = await arrange()
    await server.database.transaction(async (tx) => {
      await setDisabled(tx, its.person.id, true)
      await revoke(tx, { userId: its.person.id }, { reason: 'user_disabled' })
    })
    await expectDead(its)
    await setDisabled(server.database.prisma, its.person.id, false)
    await expectDead(its)
  })
})

describe('a refresh token lives on when', () => {
  test('its user signs out but allowed offline access (RT-06, OIDC Core §11)', async () => {
    const its = await arrange()
    await signOut(its)
    await expectAlive(its)
  })

  test('a session is ended without what outlives it (RT-06)', async () => {
    const its = await arrange()
    await end({ sessionUid: await sessionOf(its) }, { keepOffline: true })
    await expectAlive(its)
  })

  test('another session, grant, client or user ends (RT-06)', async () => {
    const [its, other] = [await arrange(), await arrange()]
    const second = { ...its, tokens: await tokensFor(server, its.client, its.person, offline) }
    await end({ grantId: await grantOf(server, second.tokens.refresh_token) })
    await end({ userId: other.person.id })
    await end({ clientId: other.client.id })
    await expectDead(second)
    await expectAlive(its)
  })

  test('somebody who gives it back for another client gets 200 and ends nothing (RV-01, RFC 7009 §2.1)', async () => {
    const its = await arrange()
    const stranger = await addClient(server)
    expect((await giveBack(server, stranger, its.tokens.refresh_token)).status).toBe(200)
    expect((await giveBack(server, stranger, its.tokens.access_token)).status).toBe(200)
    await expectAlive(its)
  })
})
