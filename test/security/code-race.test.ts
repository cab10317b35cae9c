import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { bearer } from '../support/http-client.ts'
import type { Answer } from '../support/http-client.ts'
import { addClient, addPerson, publicClient } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { isActive, redeem, refresh, signIn } from '../support/sign-in.ts'
import type { SignedIn, Tokens } from '../support/sign-in.ts'
import { startTestServer } from '../support/server.ts'
import type { TestServer } from '../support/server.ts'

type App = Awaited<ReturnType<typeof addClient>>

let server: TestServer
let client: App
let person: Person
beforeAll(async () => {
  server = await startTestServer({ instances: 2 })
  client = await addClient(server)
  person = await addPerson(server)
})
afterAll(() => server.stop())

/** All at one moment, alternating between the instances, over connections that are open already. */
async function race(app: App, session: SignedIn, parallel: number): Promise<Answer[]> {
  await Promise.all(
    Array.from({ length: parallel }, (_, nth) => instance(nth).ask('/.well-known/openid-configuration')),
  )
  return Promise.all(Array.from({ length: parallel }, (_, nth) => redeem(instance(nth), app, session)))
}

function instance(nth: number) {
  const found = server.instances[nth % server.instances.length]
  if (!found) throw new Error('no instance')
  return found
}

const outcomes = (answers: Answer[]) =>
  Object.groupBy(answers, ({ status, text }) => (status === 200 ? '200' : `${status} ${errorIn(text)}`))

function errorIn(text: string): string {
  return String((JSON.parse(text) as { error?: unknown }).error)
}

describe('one code, redeemed many times at one moment on two instances', () => {
  test.each<[string, object]>([
    ['a confidential client', {}],
    ['a public client', publicClient],
  ])(
    'gives %s tokens exactly once; all 49 others are invalid_grant (CO-01, FT-10, OAuth 2.1 section 4.1.3)',
    async (_who, metadata) => {
      const app = await addClient(server, { metadata: { ...metadata } })
      const session = await signIn(server, app, person)
      const { '200': won = [], ...lost } = outcomes(await race(app, session, 50))
      expect(won).toHaveLength(1)
      expect(
        Object.fromEntries(Object.entries(lost).map(([what, answers]) => [what, answers?.length])),
      ).toEqual({
        '400 invalid_grant': 49,
      })
    },
  )

  test('is a replay: what the winner got is dead as well, on both instances (CO-01, CO-02, RFC 6749 section 4.1.2)', async () => {
    for (let round = 0; round < 5; round += 1) {
      const session = await signIn(server, client, person)
      const { '200': won = [] } = outcomes(await race(client, session, 10))
      const tokens = won[0]?.json<Tokens>()
      if (!tokens) throw new Error('nobody won')
      for (const side of server.instances) {
        expect(await isActive(side, client, tokens.access_token)).toBe(false)
        expect(await isActive(side, client, tokens.refresh_token)).toBe(false)
        expect((await side.ask('/userinfo', { headers: bearer(tokens.access_token) })).status).toBe(401)
        expect((await refresh(side, client, tokens.refresh_token)).status).toBe(400)
      }
      const { prisma } = server.database
      const userTokens = {
        where: { userId: person.id, clientId: client.id, kind: { not: 'AuthorizationCode' } },
      }
      expect(await prisma.token.count(userTokens)).toBe(0)
      const ended = await prisma.auditEvent.findMany({
        where: { type: 'grant.revoked', clientId: client.id },
      })
      expect(ended.length).toBeGreaterThan(round)
      expect(ended.at(-1)?.detail).toMatchObject({ reason: 'code_replayed' })
    }
  })

  test('of different codes disturbs nobody: each gives its tokens, and they live (CO-01)', async () => {
    const sessions: SignedIn[] = []
    const { agent } = await signIn(server, client, person)
    for (let nth = 0; nth < 20; nth += 1)
      sessions.push(await signIn(server, client, person, { prompt: 'none' }, { agent }))
    const answers = await Promise.all(sessions.map((session, nth) => redeem(instance(nth), client, session)))
    expect(answers.map(({ status }) => status)).toEqual(Array<number>(20).fill(200))
    const [first] = answers
    expect(await isActive(server, client, first?.json<Tokens>().access_token ?? '')).toBe(true)
  })
})

test('a pool of two connections is enough for 50 at once: nothing waits for itself (CO-01, FT-05)', async () => {
  const small = await startTestServer({ env: { CARDEA_DATABASE_POOL: '2', CARDEA_DATABASE_TIMEOUT: '5000' } })
  try {
    const app = await addClient(small)
    const session = await signIn(small, app, await addPerson(small))
    const answers = await Promise.all(Array.from({ length: 50 }, () => redeem(small, app, session)))
    const counts = Object.entries(outcomes(answers)).map(([what, list]) => [what, list?.length])
    expect(Object.fromEntries(counts)).toEqual({ '200': 1, '400 invalid_grant': 49 })
  } finally {
    await small.stop()
  }
})
