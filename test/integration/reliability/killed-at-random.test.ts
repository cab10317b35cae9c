import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { connectDatabase } from '../../../src/db/index.ts'
import type { Database } from '../../../src/db/index.ts'
import { createPasswordHasher } from '../../../src/users/index.ts'
import { createTestDatabase } from '../../support/database.ts'
import type { Answer } from '../../support/http-client.ts'
import { addClient, addPerson, publicClient } from '../../support/people.ts'
import { randomFrom } from '../../support/seeded.ts'
import { redeem, refresh, signIn, tokensFor } from '../../support/sign-in.ts'
import { productionEnv, spawnServer } from '../../support/server-process.ts'
import type { ServerProcess } from '../../support/server-process.ts'
import type { Instance, TestServer } from '../../support/server.ts'
import { createHonestClient } from './honest-client.ts'
import type { Family } from './honest-client.ts'

const KILLS = 2
const CLIENTS = 4

let database: Awaited<ReturnType<typeof createTestDatabase>>
let own: Database
let env: Record<string, string>
let server: ServerProcess
beforeAll(async () => {
  database = await createTestDatabase()
  env = {
    ...(await productionEnv(database.url)),
    CARDEA_TOTP_POLICY: 'optional',
    CARDEA_REFRESH_RETRY_WINDOW: '60',
  }
  const limits = { connectTimeoutMs: 3000, statementTimeoutMs: 3000, lockTimeoutMs: 3000 }
  own = connectDatabase({ url: database.url, poolMax: 2, ...limits, idleInTransactionTimeoutMs: 3000 })
  server = await spawnServer(env)
  await server.ready()
})
afterAll(async () => {
  await server.stop()
  await own.close()
  await database.drop()
})

function never(): never {
  throw new Error('there are people')
}

const nobodyThere = { status: 503, headers: {}, text: '', location: undefined, json: () => ({}) } as Answer

test('killed at random moments, the server keeps what it said: no spent code or rotated token good again, no revoked token alive, no refresh lost (FT-12, RT-08)', async () => {
  const seed = Number(process.env['FAULT_SEED'] ?? Date.now() % 1_000_000)
  const random = randomFrom(seed)
  const violations: string[] = []
  // Nobody there, or gone in the middle: as good as a 503, and just as little of a verdict.
  const ask: Instance['ask'] = (...asked) => server.ask(...asked).catch(() => nobodyThere)
  const hasher = createPasswordHasher({ memoryKiB: 19_456, passes: 2, parallelism: 1, concurrency: 1 })
  const remote = { issuer: server.issuer, database: own, hasher, ask, instances: [{ ask }] }
  const seen = remote as unknown as TestServer
  const people = await Promise.all(
    Array.from({ length: CLIENTS }, async () => ({
      client: await addClient(seen, { firstParty: true, metadata: publicClient }),
      person: await addPerson(seen, { totp: false }),
    })),
  )
  const scope = { scope: 'openid' }
  const [redeemer = never(), rotator = never()] = people
  const early = await signIn(seen, redeemer.client, redeemer.person, scope)
  expect((await redeem(seen, redeemer.client, early)).status).toBe(200)
  const first = await tokensFor(seen, rotator.client, rotator.person, scope)
  expect((await refresh(seen, rotator.client, first.refresh_token)).status).toBe(200)
  // For a while it may be sent again, so that a lost answer costs nothing; this is over.
  await own.prisma
    .$executeRaw`UPDATE tokens SET consumed_at = consumed_at - interval '61 s' WHERE kind = 'RefreshToken' AND consumed_at IS NOT NULL`
  const honest = createHonestClient(seen, violations)
  const families: Family[] = []
  let over = false

  const clients = people.map(async ({ client, person }) => {
    let family: Family | null = null
    while (!over) {
      const chance = random()
      if (!family || family.revoked) {
        family = await honest.begin(client, person)
        if (family) families.push(family)
      } else if (chance < 0.1) await honest.revoke(family)
      else await honest.rotate(family)
    }
  })
  while (families.length < CLIENTS) await sleep(20)
  for (let kill = 0; kill < KILLS; kill += 1) {
    await sleep(400 + random() * 600)
    await server.stop()
    server = await spawnServer(env)
    await server.ready()
  }
  await sleep(300)
  over = true
  await Promise.all(clients)
  for (const family of families) {
    await honest.verify(family)
    await honest.rotate(family)
  }
  expect({ seed, violations }).toEqual({ seed, violations: [] })
  expect(families.length).toBeGreaterThanOrEqual(CLIENTS)
  const replays = {
    code: (await redeem(seen, redeemer.client, early)).json()['error'],
    'rotated token': (await refresh(seen, rotator.client, first.refresh_token)).json()['error'],
  }
  expect(replays).toEqual({ code: 'invalid_grant', 'rotated token': 'invalid_grant' })
  // One living member a family, however often its rotation was cut short.
  const living = await own.prisma.token.groupBy({
    by: ['grantId'],
    where: { kind: 'RefreshToken', consumedAt: null },
    _count: true,
  })
  expect(living.filter(({ _count }) => _count > 1)).toEqual([])
})
