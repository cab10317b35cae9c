import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { addClient, addPerson, publicClient } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { isActive, refresh, tokensFor } from '../support/sign-in.ts'
import type { Tokens } from '../support/sign-in.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { copyOf, grantOf, introspect } from '../support/tokens.ts'

type Client = Awaited<ReturnType<typeof addClient>>
const IDLE = 100
const ABSOLUTE = 350
let server: TestServer
let spa: Client, web: Client
let person: Person
const templates = new Map<Client, string>()
beforeAll(async () => {
  server = await startTestServer({
    env: {
      CARDEA_REFRESH_TOKEN_IDLE: String(IDLE),
      CARDEA_REFRESH_TOKEN_ABSOLUTE: String(ABSOLUTE),
      CARDEA_SESSION_IDLE: '60',
    },
  })
  spa = await addClient(server, { metadata: publicClient })
  web = await addClient(server)
  person = await addPerson(server)
  for (const client of [spa, web]) {
    const tokens = await tokensFor(server, client, person, {
      scope: 'openid offline_access',
      prompt: 'consent',
    })
    templates.set(client, tokens.refresh_token)
  }
})
afterAll(() => server.stop())

/** Lets seconds go by for everything that hangs from a grant, as if it all had begun that much earlier. */
async function pass(grantId: string, seconds: number): Promise<void> {
  await server.database.pool.query(
    `UPDATE tokens SET expires_at = expires_at - make_interval(secs => $2), consumed_at = consumed_at - make_interval(secs => $2),
      payload = payload || jsonb_build_object('iat', (payload->>'iat')::int - $2::int, 'exp', (payload->>'exp')::int - $2::int)
        || CASE WHEN payload ? 'iiat' THEN jsonb_build_object('iiat', (payload->>'iiat')::int - $2::int) ELSE '{}' END
      WHERE grant_id = $1`,
    [grantId, seconds],
  )
}

describe.each<[string, () => Client]>([
  ['of a public client, replaced at each use', () => spa],
  ['of a confidential client, kept', () => web],
])('a refresh token %s', (_, clientOf) => {
  const copy = () => copyOf(server, templates.get(clientOf()) ?? '')

  test('that nobody used for its idle time is refused (RT-05, ASVS 10.4.8)', async () => {
    const { refreshToken, grantId } = await copy()
    await pass(grantId, IDLE + 1)
    const answer = await refresh(server, clientOf(), refreshToken)
    expect([answer.status, answer.json()['error']]).toEqual([400, 'invalid_grant'])
  })

  test('lives on as long as it is used, and no longer than its absolute time (RT-05, RFC 9700 §4.14.2)', async () => {
    let { refreshToken } = await copy()
    const grantId = await grantOf(server, refreshToken)
    let age = 0
    for (; age + IDLE - 10 < ABSOLUTE; age += IDLE - 10) {
      await pass(grantId, IDLE - 10)
      const answer = await refresh(server, clientOf(), refreshToken)
      expect([age, answer.status]).toEqual([age, 200])
      refreshToken = answer.json<Tokens>().refresh_token
    }
    await pass(grantId, ABSOLUTE - age + 1)
    const answer = await refresh(server, clientOf(), refreshToken)
    expect([answer.status, answer.json()['error']]).toEqual([400, 'invalid_grant'])
  })

  test('says when it ends, and never promises more than its absolute time (RT-05)', async () => {
    const { refreshToken, grantId } = await copy()
    await pass(grantId, 80)
    let last = (await refresh(server, clientOf(), refreshToken)).json<Tokens>().refresh_token
    for (const step of [80, 80, 80]) {
      await pass(grantId, step)
      last = (await refresh(server, clientOf(), last)).json<Tokens>().refresh_token
    }
    const row = await server.database.prisma.token.findFirstOrThrow({
      where: { grantId, kind: 'RefreshToken', consumedAt: null },
    })
    const left = ((row.expiresAt?.getTime() ?? 0) - Date.now()) / 1000
    expect(left).toBeLessThanOrEqual(ABSOLUTE - 4 * 80)
    expect(left).toBeGreaterThan(ABSOLUTE - 4 * 80 - 10)
  })

  test('is refused from the second on at which introspection calls it dead (RT-05, IN-04)', async () => {
    const { refreshToken, grantId } = await copy()
    await pass(grantId, IDLE)
    expect((await refresh(server, clientOf(), refreshToken)).status).toBe(400)
    if (clientOf() === web)
      expect((await introspect(server, web, refreshToken)).json()).toEqual({ active: false })
  })
})

test('a session that lives by the refreshes of its tokens does not end under them (SE-03, RT-05)', async () => {
  const tokens = await tokensFor(server, web, person)
  const passSession = (seconds: number) =>
    server.database.pool.query(
      `UPDATE sessions SET expires_at = expires_at - make_interval(secs => $2), updated_at = updated_at - make_interval(secs => $2) WHERE user_id = $1::uuid`,
      [person.id, seconds],
    )
  for (let round = 0; round < 4; round += 1) {
    await passSession(50)
    expect([round, (await refresh(server, web, tokens.refresh_token)).status]).toEqual([round, 200])
  }
  await passSession(70)
  expect((await refresh(server, web, tokens.refresh_token)).status).toBe(400)
  expect(await isActive(server, web, tokens.access_token)).toBe(false)
})
