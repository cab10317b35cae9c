import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { revoke } from '../../src/oidc/index.ts'
import { setDisabled } from '../../src/users/index.ts'
import { randomSecret } from '../../src/crypto/index.ts'
import { askSilently } from '../support/authorize.ts'
import { prepareAccess } from '../support/copied-access.ts'
import type { Access } from '../support/copied-access.ts'
import { addOperator } from '../support/operator.ts'
import { addClient, addPerson, publicClient } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { addTokens, doorsOpenTo } from '../support/revoked.ts'
import { redeem, refresh, tokensFor, told } from '../support/sign-in.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { introspect } from '../support/tokens.ts'

type Client = Awaited<ReturnType<typeof addClient>>
const cookieKey = randomSecret()
let server: TestServer
beforeAll(
  async () => (server = await startTestServer({ instances: 2, env: { CARDEA_COOKIE_KEYS: cookieKey } })),
)
afterAll(() => server.stop())

type Cast = { web: Client; spa: Client; person: Person; access: Access }
async function arrange(): Promise<Cast> {
  const web = await addClient(server, { firstParty: true })
  const spa = await addClient(server, { firstParty: true, metadata: publicClient })
  const person = await addPerson(server)
  const copy = await prepareAccess(server, { web, spa, person, cookieKey })
  return { web, spa, person, access: await copy() }
}

const held = ({ accessToken, refreshToken }: Access['web']) => ({
  access_token: accessToken,
  refresh_token: refreshToken,
})

describe('what is in flight when its owner goes away gets a refusal, never a failure of ours (FT-31)', () => {
  test('a user is deleted', async () => {
    const { web, spa, person, access } = await arrange()
    await server.database.transaction(async (tx) => {
      await revoke(tx, { userId: person.id }, { reason: 'user_deleted' })
      await tx.user.delete({ where: { id: person.id } })
    })
    for (const instance of server.instances) {
      const exchanged = await redeem(instance, web, access.code)
      expect([exchanged.status, exchanged.json()['error']]).toEqual([400, 'invalid_grant'])
      const resumed = await access.resume.agent.clone().get(access.resume.path)
      expect([resumed.status, resumed.location]).toEqual([400, undefined])
      expect(told(await askSilently(access.agent.clone(), web))['error']).toBe('login_required')
    }
    expect(await doorsOpenTo(server, web, held(access.web))).toEqual([])
    expect((await refresh(server, spa, access.spa.refreshToken)).status).toBe(400)
  })

  test('a client is deleted', async () => {
    const { web, spa, access } = await arrange()
    await server.database.transaction(async (tx) => {
      await revoke(tx, { clientId: web.id }, { reason: 'client_deleted' })
      await tx.client.delete({ where: { id: web.id } })
    })
    for (const instance of server.instances) {
      for (const answer of [
        await redeem(instance, web, access.code),
        await refresh(instance, web, access.web.refreshToken),
        await introspect(instance, web, access.web.accessToken),
      ])
        expect([answer.status, answer.json()['error']]).toEqual([401, 'invalid_client'])
      expect((await access.resume.agent.clone().get(access.resume.path)).status).toBe(400)
      expect((await askSilently(access.agent.clone(), web)).status).toBe(400)
      // The same person's access at another client is not touched.
      expect((await refresh(instance, spa, access.spa.refreshToken)).status).toBe(200)
    }
  })
})

describe('what goes back to before an end stays ended', () => {
  test('a user who was disabled and is enabled again has nothing of before, and can sign in (SE-08, DI-01)', async () => {
    const { web, person, access } = await arrange()
    // As a large revocation leaves them: every row is there, and only the cut speaks against it.
    await addTokens(server, access.web.grantId, 1200)
    await server.database.transaction(async (tx) => {
      await setDisabled(tx, person.id, true)
      expect((await revoke(tx, { userId: person.id }, { reason: 'user_disabled' })).state).toBe('running')
    })
    await server.database.transaction((tx) => setDisabled(tx, person.id, false))
    expect(await doorsOpenTo(server, web, { ...held(access.web), access_token: access.adminToken })).toEqual(
      [],
    )
    expect(await doorsOpenTo(server, web, held(access.web))).toEqual([])
    expect((await redeem(server, web, access.code)).json()).toMatchObject({ error: 'invalid_grant' })
    expect(told(await askSilently(access.agent, web))['error']).toBe('login_required')
    const anew = await tokensFor(server, web, person, { scope: 'openid offline_access', prompt: 'consent' })
    expect((await refresh(server, web, anew.refresh_token)).status).toBe(200)
  })

  test('a sign-in that needs nothing but its last redirect comes to nothing (SE-08, FT-11)', async () => {
    const { web, person, access } = await arrange()
    await addTokens(server, access.web.grantId, 1200)
    const revoked = await server.database.transaction((tx) =>
      revoke(tx, { userId: person.id }, { reason: 'test' }),
    )
    expect(revoked.state).toBe('running')
    const resumed = await access.resume.agent.get(access.resume.path)
    expect([resumed.status, resumed.location]).toEqual([400, undefined])
    expect(told(await askSilently(access.resume.agent, web))['error']).toBe('login_required')
  })

  test('through the admin API, on the other instance, at once (AD-06, AD-14)', async () => {
    const { web, person, access } = await arrange()
    const operator = await addOperator(server, ['revocations:write', 'admin:grant'])
    const [one, other] = server.instances
    const path = `/v1/users/${person.id}/revoke`
    const answer = await operator.post(one?.opsPort ?? 0, path, { reason: 'stolen' })
    expect(answer.json()).toMatchObject({ state: 'completed', reason: 'stolen' })
    expect(await doorsOpenTo({ ...server, instances: other ? [other] : [] }, web, held(access.web))).toEqual(
      [],
    )
    // The operator's own token is a token like any other.
    expect(
      (await operator.post(other?.opsPort ?? 0, '/v1/revocations', { everything: true, reason: 'breach' }))
        .status,
    ).toBe(200)
    expect((await operator.post(one?.opsPort ?? 0, path, { reason: 'late' })).status).toBe(401)
  })
})
