import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { revoke } from '../../src/oidc/index.ts'
import { setDisabled } from '../../src/users/index.ts'
import { basic } from '../support/http-client.ts'
import { addClient, addPerson } from '../support/people.ts'
import { redeem, refresh, signIn, tokensFor } from '../support/sign-in.ts'
import type { SignedIn, Tokens } from '../support/sign-in.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { formOf } from '../support/user-agent.ts'

type App = Awaited<ReturnType<typeof addClient>>

let server: TestServer
let client: App
beforeAll(async () => {
  server = await startTestServer({ instances: 2 })
  client = await addClient(server)
})
afterAll(() => server.stop())

async function expectRefused(session: SignedIn, app = client): Promise<void> {
  for (const instance of server.instances) {
    const answer = await redeem(instance, app, session)
    expect([answer.status, answer.json()['error']]).toEqual([400, 'invalid_grant'])
  }
}

describe('a code lives a minute (CO-04, FAPI 2.0 section 5.3.2.2)', () => {
  test('and is written down with that end', async () => {
    const person = await addPerson(server)
    const before = Date.now()
    await signIn(server, client, person)
    const [row] = await server.database.prisma.token.findMany({
      where: { userId: person.id, kind: 'AuthorizationCode' },
    })
    const lives = Number(row?.expiresAt) - before
    expect(lives).toBeGreaterThan(50_000)
    expect(lives).toBeLessThanOrEqual(62_000)
  })

  test.each([1, 61])('and is refused %i s after its end, while its owner still waits', async (seconds) => {
    const person = await addPerson(server)
    const session = await signIn(server, client, person)
    await server.database.prisma.token.updateMany({
      where: { userId: person.id, kind: 'AuthorizationCode' },
      data: { expiresAt: new Date(Date.now() - seconds * 1000) },
    })
    await expectRefused(session)
  })
})

describe('a code that was not redeemed yet ends with what it stands on (CO-09, ASVS 7.4.2)', () => {
  const inOneTransaction = (work: Parameters<TestServer['database']['transaction']>[0]) =>
    server.database.transaction(work)

  test('when its user is disabled, by the flag alone', async () => {
    const person = await addPerson(server)
    const session = await signIn(server, client, person)
    await setDisabled(server.database.prisma, person.id, true)
    await expectRefused(session)
  })

  test('when its user is disabled and enabled again meanwhile', async () => {
    const person = await addPerson(server)
    const session = await signIn(server, client, person)
    await inOneTransaction(async (tx) => {
      await setDisabled(tx, person.id, true)
      await revoke(tx, { userId: person.id }, { reason: 'user_disabled' })
    })
    await setDisabled(server.database.prisma, person.id, false)
    await expectRefused(session)
  })

  test('when its grant is revoked', async () => {
    const person = await addPerson(server)
    const session = await signIn(server, client, person)
    const { id: grantId } = await server.database.prisma.grant.findFirstOrThrow({
      where: { userId: person.id },
    })
    await inOneTransaction((tx) => revoke(tx, { grantId }, { reason: 'consent_withdrawn' }))
    await expectRefused(session)
  })

  test('when its client is disabled: the client is not known any more', async () => {
    const app = await addClient(server)
    const session = await signIn(server, app, await addPerson(server))
    await server.database.prisma.client.update({ where: { id: app.id }, data: { disabledAt: new Date() } })
    const answer = await redeem(server, app, session)
    expect([answer.status, answer.json()['error']]).toEqual([401, 'invalid_client'])
  })

  test('when a refresh token of the same grant is revoked by the client (RFC 7009 section 2.1)', async () => {
    const person = await addPerson(server)
    const { agent, refresh_token: token } = await tokensFor(server, client, person)
    const session = await signIn(server, client, person, { prompt: 'none' }, { agent })
    await server.ask('/revoke', { body: { token }, headers: basic(client.id, client.secret) })
    await expectRefused(session)
  })

  test.each<[string, string]>([
    ['session-bound', 'openid'],
    ['of a client with offline access', 'openid offline_access'],
  ])('when the person signs out: %s', async (_what, scope) => {
    const person = await addPerson(server)
    const session = await signIn(server, client, person, { scope, prompt: 'consent' })
    await signOut(session)
    await expectRefused(session)
  })

  test('but what offline access already gave lives on when the person signs out (OpenID Connect Core section 11)', async () => {
    const params = { scope: 'openid offline_access', prompt: 'consent' }
    const tokens = await tokensFor(server, client, await addPerson(server), params)
    await signOut({ agent: tokens.agent })
    expect((await refresh(server, client, tokens.refresh_token)).json<Tokens>().token_type).toBe('Bearer')
  })

  test('when its session ends by itself, at the latest the five seconds later that clocks may differ', async () => {
    const person = await addPerson(server)
    const session = await signIn(server, client, person)
    await server.database.prisma.session.updateMany({
      where: { userId: person.id },
      data: { expiresAt: new Date(Date.now() - 6000) },
    })
    await expectRefused(session)
  })
})

async function signOut({ agent }: Pick<SignedIn, 'agent'>): Promise<void> {
  const page = await agent.get('/logout')
  const { action, fields } = formOf(page)
  const answer = await agent.post(action, { ...fields, logout: 'yes' })
  expect(answer.status).toBe(303)
}
