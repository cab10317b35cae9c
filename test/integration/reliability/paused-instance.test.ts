import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import type { JSONWebKeySet } from 'jose'
import { createSealer, parseKeyring } from '../../../src/crypto/index.ts'
import { connectDatabase } from '../../../src/db/index.ts'
import type { Database } from '../../../src/db/index.ts'
import { listSigningKeys, retireSigningKey } from '../../../src/oidc/index.ts'
import { createTestDatabase } from '../../support/database.ts'
import { basic } from '../../support/http-client.ts'
import { addApi, addClient, machineClient } from '../../support/people.ts'
import { productionEnv, spawnServer } from '../../support/server-process.ts'
import type { ServerProcess } from '../../support/server-process.ts'
import { freePorts } from '../../support/server.ts'
import type { TestServer } from '../../support/server.ts'
import type { Tokens } from '../../support/sign-in.ts'

jest.setTimeout(120_000)

const API = 'https://api.example/'
/** Keys that were looked at ten seconds ago are looked at again. */
const STOPPED_MS = 10_200

let env: Record<string, string>
let database: Database
let drop: () => Promise<void>
/** One that answers only, and one that also does the jobs. */
let going: ServerProcess
let paused: ServerProcess
let machine: Awaited<ReturnType<typeof addClient>>
beforeAll(async () => {
  const own = await createTestDatabase()
  drop = own.drop
  env = await productionEnv(own.url)
  const [port, opsPort] = await freePorts(2)
  going = await spawnServer({ ...env, CARDEA_JOBS: 'false' })
  await going.ready()
  paused = await spawnServer({ ...env, CARDEA_PORT: String(port), CARDEA_OPS_PORT: String(opsPort) })
  await paused.ready()
  database = connectDatabase({
    ...{ url: own.url, poolMax: 2, connectTimeoutMs: 5000, statementTimeoutMs: 5000 },
    ...{ lockTimeoutMs: 5000, idleInTransactionTimeoutMs: 5000 },
  })
  const registry = { database } as TestServer
  machine = await addClient(registry, { metadata: machineClient })
  await addApi(registry, { identifier: API, format: 'jwt' })
})
afterAll(async () => {
  await going.stop()
  paused.kill('SIGCONT')
  await paused.stop()
  await database.close()
  await drop()
})

const askToken = (of: ServerProcess) =>
  of.ask('/token', {
    body: { grant_type: 'client_credentials', resource: API },
    headers: basic(machine.id, machine.secret),
  })
const publishedBy = async (of: ServerProcess) => (await of.ask('/jwks')).json<JSONWebKeySet>()
const kidOf = (jwt: string) => decodeProtectedHeader(jwt).kid

/** The keys by which the heads of the audit chain were signed. */
async function signersOfTheChain(): Promise<(string | undefined)[]> {
  const { rows } = await database.pool.query<{ signature: string }>(
    'SELECT signature FROM audit_checkpoints ORDER BY position',
  )
  return rows.map(({ signature }) => kidOf(signature))
}

async function eventually(isSo: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error('it did not come to that')
    await sleep(50)
  }
}

test('an instance that stood still signs and publishes nothing by a key that was retired meanwhile (KY-03, FT-24)', async () => {
  const old = kidOf((await askToken(paused)).json<Tokens>().access_token) ?? ''
  await eventually(async () => (await signersOfTheChain()).length > 0)
  paused.kill('SIGSTOP')
  const retired = await database.transaction((tx) =>
    retireSigningKey(tx, createSealer(parseKeyring(env['CARDEA_KEYRING'] ?? '')), {
      ...{ kid: old, replace: true, reason: 'test' },
    }),
  )
  expect(retired.ok).toBe(true)
  const current = (await listSigningKeys(database.prisma)).find(
    ({ alg, state }) => alg === 'ES256' && state === 'active',
  )?.kid
  expect(current).not.toBe(old)
  // The next head is due the moment it goes on.
  await database.pool.query(
    `BEGIN; SET LOCAL session_replication_role = 'replica'; UPDATE audit_checkpoints SET at = at - interval '61 seconds'; COMMIT`,
  )
  await sleep(STOPPED_MS)
  // They stand in the system's queue, and are there before any timer of the process.
  const tokens = Array.from({ length: 10 }, () => askToken(paused))
  const keys = publishedBy(paused)
  await sleep(300)
  paused.kill('SIGCONT')

  const answers = await Promise.all(tokens)
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
  const signed = answers.map((answer) => answer.json<Tokens>().access_token)
  expect(new Set(signed.map(kidOf))).toEqual(new Set([current]))
  expect((await keys).keys.map(({ kid }) => kid)).toContain(current)
  expect((await keys).keys.map(({ kid }) => kid)).not.toContain(old)
  const elsewhere = createLocalJWKSet(await publishedBy(going))
  for (const token of signed) await jwtVerify(token, elsewhere, { audience: API })
  await eventually(async () => (await signersOfTheChain()).length > 1)
  expect((await signersOfTheChain()).at(-1)).toBe(current)
})
