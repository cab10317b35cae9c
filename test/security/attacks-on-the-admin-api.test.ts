import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { ADMIN_API, COMMAND_LINE, findClient } from '../../src/clients/index.ts'
import { readReceipt, revoke } from '../../src/oidc/index.ts'
import type { RevocationOptions, Selector } from '../../src/oidc/index.ts'
import {
  findPasswordTicket,
  issuePasswordTicket,
  setDisabled,
  setPasswordHash,
  updateUser,
} from '../../src/users/index.ts'
import { askSilently } from '../support/authorize.ts'
import { addClient, addPerson } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { refresh, stepOf, told, tokensFor } from '../support/sign-in.ts'
import { grantOf, isLive } from '../support/tokens.ts'
import { formOf } from '../support/user-agent.ts'

let server: TestServer
beforeAll(async () => (server = await startTestServer()))
afterAll(() => server.stop())

const offline = { scope: 'openid offline_access', prompt: 'consent' }
const end = (selector: Selector, options: Partial<RevocationOptions> = {}) =>
  server.database.transaction((tx) => revoke(tx, selector, { reason: 'test', ...options }))

async function sessionOf(refreshToken: string): Promise<{ sessionUid: string; grantId: string }> {
  const grantId = await grantOf(server, refreshToken)
  const [row] = await server.database.prisma.$queryRaw<{ uid: string }[]>`
    SELECT s.uid FROM sessions s, jsonb_each(s.payload -> 'authorizations') a WHERE a.value ->> 'grantId' = ${grantId}`
  if (!row) throw new Error('no session names this grant')
  return { sessionUid: row.uid, grantId }
}

test('whoever runs something on the machine of an owner is not taken for the command line (RFC 8252 §8.6)', async () => {
  const [owner, client] = [await addPerson(server), await addClient(server)]
  await server.database.prisma.user.update({ where: { id: owner.id }, data: { role: 'owner' } })
  const { agent } = await tokensFor(server, client, owner)
  const commandLine = await findClient(server.database.prisma, COMMAND_LINE)
  if (!commandLine) throw new Error('there is no command line')
  const asked = {
    redirect_uri: 'http://127.0.0.1:45671/callback',
    resource: ADMIN_API,
    scope: 'openid users:write',
  }
  const silent = await askSilently(agent, commandLine, asked)
  expect(told(silent)).toMatchObject({
    error: expect.stringMatching(/consent_required|interaction_required/),
  })
  expect(told(silent)['code']).toBeUndefined()
  const shown = await askSilently(agent, commandLine, { ...asked, prompt: undefined })
  expect(stepOf(await agent.get(shown.location ?? ''))).toBe('consent')
})

describe('a link to set a password ends with', () => {
  test.each<[string, (person: Person) => Promise<unknown>]>([
    [
      'a new role: who made it may not touch what the account has become',
      ({ id }) => server.database.transaction((tx) => updateUser(tx, id, { role: 'owner' })),
    ],
    ['the end of the account', ({ id }) => setDisabled(server.database.prisma, id, true)],
    [
      'another new password',
      async ({ id }) =>
        setPasswordHash(server.database.prisma, id, await server.hasher.hash('another one here')),
    ],
  ])('%s (RE-02, AD-04)', async (_, change) => {
    const person = await addPerson(server)
    const issued = await server.database.transaction((tx) =>
      issuePasswordTicket(tx, { userId: person.id, purpose: 'invite' }),
    )
    const ticket = issued?.ticket ?? ''
    expect(await findPasswordTicket(server.database.prisma, ticket)).not.toBeNull()
    await change(person)
    await setDisabled(server.database.prisma, person.id, false)
    expect(await findPasswordTicket(server.database.prisma, ticket)).toBeNull()
  })
})

test('ending a session that was signed out of ends what was allowed offline in it (SE-07)', async () => {
  const [client, person] = [await addClient(server), await addPerson(server)]
  const tokens = await tokensFor(server, client, person, offline)
  const { sessionUid } = await sessionOf(tokens.refresh_token)
  const hint = new URLSearchParams({ id_token_hint: tokens.id_token }).toString()
  const page = await tokens.agent.get(`/logout?${hint}`)
  const { action, fields } = formOf(page, /logout/)
  await tokens.agent.post(action, { ...fields, logout: 'yes' })
  expect((await refresh(server, client, tokens.refresh_token)).status).toBe(200)
  expect(await end({ sessionUid })).toMatchObject({ counts: { grants: 1, refresh_tokens: 1 } })
  expect((await refresh(server, client, tokens.refresh_token)).status).toBe(400)
})

describe('keeping oneself from what one ends', () => {
  test('makes nothing younger that was not going to end: a thief cannot hide from "issued before"', async () => {
    const [client, thief, other] = [await addClient(server), await addPerson(server), await addPerson(server)]
    const tokens = await tokensFor(server, client, thief, offline)
    const keep = await sessionOf(tokens.refresh_token)
    const incident = new Date()
    await new Promise((resolve) => setTimeout(resolve, 5))
    await end({ userId: other.id }, { keep })
    // Nor by ending oneself and keeping this one.
    await end({ userId: thief.id }, { keep })
    expect((await refresh(server, client, tokens.refresh_token)).status).toBe(200)
    await end({ userId: thief.id, issuedBefore: incident })
    expect((await refresh(server, client, tokens.refresh_token)).status).toBe(400)
    expect(told(await askSilently(tokens.agent, client))['error']).toBe('login_required')
  })

  test('spares one’s own sign-in and not the app that was broken into', async () => {
    const [shop, console, owner] = [await addClient(server), await addClient(server), await addPerson(server)]
    const at = await tokensFor(server, console, owner, offline)
    const session = await sessionOf(at.refresh_token)
    const elsewhere = await tokensFor(server, shop, owner, offline)
    const { id } = await end({ clientId: shop.id }, { keep: session })
    expect((await refresh(server, shop, elsewhere.refresh_token)).status).toBe(400)
    expect((await refresh(server, console, at.refresh_token)).status).toBe(200)
    expect(await readReceipt(server.database.prisma, id)).toMatchObject({ counts: { grants: 1 } })
  })

  test('with an instant in the past makes nothing older', async () => {
    const [client, person] = [await addClient(server), await addPerson(server)]
    await end({ userId: person.id })
    const tokens = await tokensFor(server, client, person, offline)
    const keep = await sessionOf(tokens.refresh_token)
    await end({ userId: person.id, issuedBefore: new Date(Date.now() - 86_400_000) }, { keep })
    expect((await refresh(server, client, tokens.refresh_token)).status).toBe(200)
    expect(await isLive(server, tokens.refresh_token)).toBe(true)
  })
})
