import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { randomSecret } from '../../src/crypto/index.ts'
import { revoke } from '../../src/oidc/index.ts'
import { setDisabled } from '../../src/users/index.ts'
import type { Answer } from '../support/http-client.ts'
import { addClient, addPerson, publicClient } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { refresh, tokensFor } from '../support/sign-in.ts'
import type { Tokens } from '../support/sign-in.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'
import { atOnce, copyOf, tokensOf, userinfo } from '../support/tokens.ts'

type Client = Awaited<ReturnType<typeof addClient>>
/** A few suffice to notice; `RACE_ROUNDS=1000` makes sure. */
const ROUNDS = Number(process.env.RACE_ROUNDS ?? 30)
const env = {
  CARDEA_ISSUER: 'http://localhost:4712',
  CARDEA_KEYRING: randomSecret(),
  CARDEA_COOKIE_KEYS: randomSecret(),
}
let server: TestServer
/** The same two instances, without any window for retries. */
let strict: TestServer
let spa: Client
let person: Person
let template: string
beforeAll(async () => {
  server = await startTestServer({ instances: 2, env })
  strict = await startTestServer({
    instances: 2,
    env: { ...env, CARDEA_REFRESH_RETRY_WINDOW: '0' },
    databaseUrl: server.databaseUrl,
  })
  spa = await addClient(server, { metadata: publicClient })
  person = await addPerson(server)
  template = (await tokensFor(server, spa, person, { scope: 'openid offline_access', prompt: 'consent' }))
    .refresh_token
})
afterAll(async () => {
  await strict.stop()
  await server.stop()
})

const givenBack = (at: Pick<TestServer, 'ask'>, token: string) =>
  at.ask('/revoke', { body: { token, client_id: spa.id } })

describe('50 refreshes with one token at one moment at two instances', () => {
  test('all give the same one successor, and all access tokens work (RT-03, CVE-2026-1035)', async () => {
    for (let round = 0; round < 2; round += 1) {
      const { refreshToken, grantId } = await copyOf(server, template)
      const answers = await atOnce(server, 50, (instance) => refresh(instance, spa, refreshToken))
      expect(answers.map(({ status }) => status)).toEqual(Array(50).fill(200))
      const tokens = answers.map((answer) => answer.json<Tokens>())
      const successors = new Set(tokens.map(({ refresh_token }) => refresh_token))
      expect(successors.size).toBe(1)
      expect(successors.has(refreshToken)).toBe(false)
      expect(await tokensOf(server, grantId)).toEqual({ RefreshToken: 2, AccessToken: 50 })
      const uses = await Promise.all(tokens.map(({ access_token }) => userinfo(server, access_token)))
      expect(uses.map(({ status }) => status)).toEqual(Array(50).fill(200))
    }
  })

  test('make one family, all of which one revocation ends (RT-03, RV-04)', async () => {
    const { refreshToken, grantId } = await copyOf(server, template)
    const answers = await atOnce(server, 50, (instance) => refresh(instance, spa, refreshToken))
    const tokens = answers.map((answer) => answer.json<Tokens>())
    expect((await givenBack(server, tokens[0]?.refresh_token ?? '')).status).toBe(200)
    const uses = await Promise.all(tokens.map(({ access_token }) => userinfo(server, access_token)))
    expect(new Set(uses.map(({ status }) => status))).toEqual(new Set([401]))
    expect(await tokensOf(server, grantId)).toEqual({})
    expect((await refresh(server, spa, refreshToken)).status).toBe(400)
  })

  test('give one answer and an ended family where no retry is allowed (RT-03, CVE-2026-53517, CVE-2026-50631)', async () => {
    for (let round = 0; round < 6; round += 1) {
      const { refreshToken } = await copyOf(server, template)
      const answers = await atOnce(strict, 50, (instance) => refresh(instance, spa, refreshToken))
      const won = answers.filter(({ status }) => status === 200)
      expect(won).toHaveLength(1)
      for (const answer of answers)
        if (answer !== won[0]) expect([answer.status, answer.json()['error']]).toEqual([400, 'invalid_grant'])
      const { access_token, refresh_token } = (won[0] as Answer).json<Tokens>()
      expect((await userinfo(strict, access_token)).status).toBe(401)
      expect((await refresh(strict, spa, refresh_token)).status).toBe(400)
    }
  })
})

/** Nothing that came out of the race, and nothing that went into it, works any more. */
async function expectAllDead(answers: Answer[], refreshToken: string): Promise<void> {
  for (const answer of answers) {
    if (answer.status !== 200) {
      expect([answer.status, answer.json()['error']]).toEqual([400, 'invalid_grant'])
      continue
    }
    const { access_token, refresh_token } = answer.json<Tokens>()
    expect((await userinfo(server, access_token)).status).toBe(401)
    expect((await refresh(server, spa, refresh_token)).status).toBe(400)
  }
  expect((await refresh(server, spa, refreshToken)).status).toBe(400)
}

describe('a refresh at the moment at which access ends', () => {
  const ends: [string, (grantId: string, token: string) => Promise<unknown>][] = [
    [
      'the client gives the token back',
      async (_, token) => expect((await givenBack(server.instances[1] ?? server, token)).status).toBe(200),
    ],
    [
      'an operator revokes the grant',
      (grantId) => server.database.transaction((tx) => revoke(tx, { grantId }, { reason: 'operator' })),
    ],
    [
      'the user is disabled',
      (grantId) =>
        server.database.transaction(async (tx) => {
          await setDisabled(tx, person.id, true)
          await revoke(tx, { grantId }, { reason: 'user_disabled' })
        }),
    ],
  ]

  test.each(ends)('%s: the end stands, whichever comes first (FT-11, DI-01)', async (_, end) => {
    let rotated = 0
    for (let round = 0; round < ROUNDS; round += 1) {
      const { refreshToken, grantId } = await copyOf(server, template)
      const ending = async () => {
        await new Promise((resolve) => setTimeout(resolve, round % 8))
        return end(grantId, refreshToken)
      }
      const [, ...answers] = await Promise.all([
        ending(),
        ...server.instances.map((instance) => refresh(instance, spa, refreshToken)),
      ])
      rotated += answers.filter(({ status }) => status === 200).length
      await expectAllDead(answers, refreshToken)
      // Enabled again, the user has nothing back of what ended (SE-08).
      await server.database.transaction((tx) => setDisabled(tx, person.id, false))
      await expectAllDead(answers, refreshToken)
    }
    // Otherwise the rounds were no race.
    expect(rotated).toBeGreaterThan(0)
  })
})
