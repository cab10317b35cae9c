import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { connectDatabase } from '../../../src/db/index.ts'
import type { Database } from '../../../src/db/index.ts'
import { createPasswordHasher } from '../../../src/users/index.ts'
import { distinct, isAlive, lanesOf, play } from '../../support/access-lanes.ts'
import type { Cast, Lane, Product, Try } from '../../support/access-lanes.ts'
import { prepareAccess } from '../../support/copied-access.ts'
import type { Access } from '../../support/copied-access.ts'
import { createTestDatabase } from '../../support/database.ts'
import type { Answer } from '../../support/http-client.ts'
import { addOperator } from '../../support/operator.ts'
import { addApi, addClient, addPerson, publicClient } from '../../support/people.ts'
import type { Person } from '../../support/people.ts'
import { addTokens } from '../../support/revoked.ts'
import { randomFrom } from '../../support/seeded.ts'
import { productionEnv, spawnServer } from '../../support/server-process.ts'
import type { ServerProcess } from '../../support/server-process.ts'
import type { Instance, TestServer } from '../../support/server.ts'

const KILLS = Number(process.env['KILLS'] ?? 2)
const PEOPLE = 2
const seed = Number(process.env['FAULT_SEED'] ?? Date.now() % 1_000_000)
const random = randomFrom(seed)

let database: Awaited<ReturnType<typeof createTestDatabase>>
let own: Database
let env: Record<string, string>
let server: ServerProcess
beforeAll(async () => {
  database = await createTestDatabase()
  env = { ...(await productionEnv(database.url)), CARDEA_TOTP_POLICY: 'optional' }
  const limits = { connectTimeoutMs: 3000, statementTimeoutMs: 3000, lockTimeoutMs: 3000 }
  own = connectDatabase({ url: database.url, poolMax: 4, ...limits, idleInTransactionTimeoutMs: 3000 })
  server = await spawnServer(env)
  await server.ready()
})
afterAll(async () => {
  await server.stop()
  await own.close()
  await database.drop()
})

/** Nobody there, or gone in the middle, or busy: no verdict. */
class NoAnswer extends Error {}

const ask: Instance['ask'] = async (...asked) => {
  const answer = await server.ask(...asked).catch(() => undefined)
  if (!answer || answer.status === 503) throw new NoAnswer()
  return answer
}

/** What is not answered is no success, and no refusal either. */
function patient(lane: Lane): Lane {
  return {
    ...lane,
    once: (instance) =>
      lane.once(instance).catch((error: unknown) => {
        if (error instanceof NoAnswer) return null
        throw error
      }),
  }
}

async function insist<T>(send: () => Promise<T>): Promise<T> {
  for (let tries = 0; tries < 400; tries += 1) {
    try {
      return await send()
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error
      await sleep(25)
    }
  }
  throw new Error('no answer after 400 tries')
}

test('killed at random moments, the server keeps every revocation that it acknowledged, and redeems no code twice (FT-12, AD-06, AD-09)', async () => {
  const hasher = createPasswordHasher({ memoryKiB: 19_456, passes: 2, parallelism: 1, concurrency: 1 })
  const instance = { ask, database: own } as unknown as Instance
  const seen = {
    issuer: server.issuer,
    database: own,
    hasher,
    ask,
    instances: [instance],
  } as unknown as TestServer
  const web = await addClient(seen, { firstParty: true })
  const spa = await addClient(seen, { firstParty: true, metadata: publicClient })
  const { identifier: resource } = (await addApi(seen, { format: 'jwt' })) as { identifier: string }
  const cast: Cast = { server: seen, web, spa, resource }
  const scope = 'openid offline_access orders:read'
  const keys = { web, spa, cookieKey: env['CARDEA_COOKIE_KEYS'] ?? '' }
  const people: { person: Person; copy: () => Promise<Access> }[] = []
  for (let nth = 0; nth < PEOPLE; nth += 1) {
    const person = await addPerson(seen, { totp: false })
    people.push({ person, copy: await prepareAccess(seen, { ...keys, person }, { scope, resource }) })
  }
  const operator = await addOperator(seen, ['revocations:write', 'admin:grant'])
  /** Resolves with the receipt, however often the server dies meanwhile. */
  const revoke = (userId: string): Promise<Receipt> => {
    const key = randomUUID()
    return insist(async () => {
      const path = `/v1/users/${userId}/revoke`
      const answer = await operator.post(server.opsPort, path, { reason: 'kill' }, key).catch(() => undefined)
      if (answer?.status !== 200) throw refusal(answer)
      return answer.json<Receipt>()
    })
  }

  const violations: string[] = []
  const ended: Product[] = []
  const receipts: Receipt[] = []
  const redeemed = new Map<string, number>()
  let over = false
  const life = people.map(async ({ person, copy }) => {
    while (!over) {
      const access = await copy()
      if (receipts.length < 2 || random() < 0.3) await addTokens(seen, access.web.grantId, 1500)
      const tries: Try[] = []
      const stop = new AbortController()
      const lanes = lanesOf(cast, access).filter(({ single }) => single === true || random() < 0.3)
      const playing = lanes.map((lane) =>
        play(patient(lane), instance, tries, stop.signal).catch(onlyNoAnswer),
      )
      await sleep(random() * 150)
      receipts.push(await revoke(person.id))
      const endedAt = performance.now()
      await sleep(20)
      stop.abort()
      await Promise.all(playing)
      const won = tries.filter(({ products }) => products !== null)
      for (const { lane, began } of won)
        if (began > endedAt) violations.push(`${lane}: succeeded after the end`)
      const exchanges = won.filter(({ lane }) => lane === 'code exchange')
      redeemed.set(access.code.code, (redeemed.get(access.code.code) ?? 0) + exchanges.length)
      ended.push(...distinct(won.flatMap(({ products }) => products ?? [])))
      ended.push({ kind: 'code', client: web, ...access.code })
    }
  })
  for (let kill = 0; kill < KILLS; kill += 1) {
    const acknowledged = receipts.length
    while (receipts.length < acknowledged + 2) await sleep(10)
    await sleep(random() * 250)
    await server.stop()
    server = await spawnServer(env)
    await server.ready()
  }
  await sleep(200)
  over = true
  await Promise.all(life)
  await server.stop()
  server = await spawnServer(env)
  await server.ready()

  for (const product of ended)
    if (await insist(() => isAlive(instance, cast, product)))
      violations.push(`${product.kind}: alive after its end`)
  for (const [code, times] of redeemed) if (times > 1) violations.push(`${code}: redeemed ${times} times`)
  expect({ seed, violations }).toEqual({ seed, violations: [] })
  expect(ended.length).toBeGreaterThan(10)
  await expectCompleted(receipts)
}, 240_000)

type Receipt = { id: string; state: string }

function refusal(answer: Answer | undefined): Error {
  return !answer || answer.status === 503 || answer.status === 409
    ? new NoAnswer()
    : new Error(`${answer.status}: ${answer.text}`)
}

function onlyNoAnswer(error: unknown): void {
  if (!(error instanceof NoAnswer)) throw error
}

/**
 * What was left unfinished by one process is finished by the next: every receipt, and one for each acknowledgement. That a process was killed
 * is noticed after thirty seconds.
 */
async function expectCompleted(receipts: Receipt[]): Promise<void> {
  const id = { in: receipts.map((receipt) => receipt.id) }
  const count = (where: object) => own.prisma.revocation.count({ where })
  expect(await count({ id })).toBe(new Set(id.in).size)
  const deadline = Date.now() + 90_000
  while ((await count({ OR: [{ state: 'running' }, { settledAt: null }] })) > 0 && Date.now() < deadline)
    await sleep(100)
  expect(await count({ id, state: 'completed', settledAt: { not: null } })).toBe(new Set(id.in).size)
  expect(receipts.some(({ state }) => state === 'running')).toBe(true)
}
