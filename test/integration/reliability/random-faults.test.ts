import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Answer, Ask } from '../../support/http-client.ts'
import { addClient, addPerson, publicClient } from '../../support/people.ts'
import { randomFrom } from '../../support/seeded.ts'
import type { TestServer } from '../../support/server.ts'
import { bugsIn, startBehindProxy } from './behind-proxy.ts'
import type { BehindProxy } from './behind-proxy.ts'
import { inflict } from './faults.ts'
import { createHonestClient } from './honest-client.ts'
import type { Family } from './honest-client.ts'

const DEADLINE_MS = 2000
/** For a busy machine. */
const AIR_MS = 1500
const RUN_MS = 5000
const CLIENTS = 6

let behind: BehindProxy
beforeAll(async () => {
  behind = await startBehindProxy(
    {
      CARDEA_REQUEST_TIMEOUT: String(DEADLINE_MS),
      CARDEA_DATABASE_POOL: '5',
      CARDEA_TOTP_POLICY: 'optional',
      CARDEA_REFRESH_RETRY_WINDOW: '60',
    },
    2,
  )
})
afterAll(() => behind.stop())

type Seen = { path: string; status: number; ms: number }

/** The two instances in turn, with every answer noted. */
function watched({ server }: BehindProxy, seen: Seen[]): TestServer {
  let turn = 0
  const ask = async (path: string, asked?: Ask): Promise<Answer> => {
    const instance = server.instances[(turn += 1) % 2] ?? server
    const startedAt = performance.now()
    const answer = await instance.ask(path, asked)
    const ms = performance.now() - startedAt
    seen.push({ path: path.replace(/\?.*|\/[\w-]{40,}/, ''), status: answer.status, ms })
    return answer
  }
  return { ...server, ask, instances: server.instances.map((instance) => ({ ...instance, ask })) }
}

test('while the way to the database fails at random, whatever a client was told stays true (FT-02, FT-03, FT-13)', async () => {
  const seed = Number(process.env['FAULT_SEED'] ?? Date.now() % 1_000_000)
  const random = randomFrom(seed)
  const [seen, violations]: [Seen[], string[]] = [[], []]
  const { server } = behind
  const own = await Promise.all(
    Array.from({ length: CLIENTS }, async () => ({
      client: await addClient(server, { firstParty: true, metadata: publicClient }),
      person: await addPerson(server, { totp: false }),
    })),
  )
  const honest = createHonestClient(watched(behind, seen), violations)
  const families: Family[] = []
  const over = new AbortController()
  const faults = inflict(behind.proxy, random, over.signal)
  const until = Date.now() + RUN_MS

  await Promise.all(
    own.map(async ({ client, person }) => {
      let family: Family | null = null
      while (Date.now() < until) {
        const chance = random()
        if (!family || (family.revoked && chance < 0.5)) {
          family = await honest.begin(client, person)
          if (family) families.push(family)
        } else if (chance < 0.15 && !family.revoked) await honest.revoke(family)
        else await honest.rotate(family)
      }
    }),
  )
  over.abort()
  const done = await faults
  for (const family of families) {
    await honest.verify(family)
    await honest.rotate(family)
  }

  const told = { seed, done: done.join(', ') }
  expect({ ...told, violations }).toEqual({ ...told, violations: [] })
  expect({ ...told, bugs: bugsIn(server) }).toEqual({ ...told, bugs: [] })
  const failed = seen.filter(({ status }) => status >= 500 && status !== 503)
  const late = seen.filter(({ ms }) => ms > DEADLINE_MS + AIR_MS)
  expect({ ...told, failed, late }).toEqual({ ...told, failed: [], late: [] })
  expect(families.length).toBeGreaterThanOrEqual(CLIENTS)
  expect(seen.filter(({ status }) => status === 503).length).toBeGreaterThan(0)
})
