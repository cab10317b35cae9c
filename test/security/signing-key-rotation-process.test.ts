import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import type { JSONWebKeySet } from 'jose'
import { createSealer, parseKeyring } from '../../src/crypto/index.ts'
import { connectDatabase } from '../../src/db/index.ts'
import type { Database } from '../../src/db/index.ts'
import { retireSigningKey, rotateSigningKey } from '../../src/oidc/index.ts'
import { createTestDatabase } from '../support/database.ts'
import { productionEnv, spawnServer } from '../support/server-process.ts'
import type { ServerProcess } from '../support/server-process.ts'

jest.setTimeout(60_000)

let env: Record<string, string>
let database: Database
let drop: () => Promise<void>
let server: ServerProcess
beforeAll(async () => {
  const own = await createTestDatabase()
  drop = own.drop
  const open = { CARDEA_SHUTDOWN_DELAY: '9000', CARDEA_SHUTDOWN_TIMEOUT: '18000' }
  env = { ...(await productionEnv(own.url)), ...open }
  server = await spawnServer(env)
  await server.ready()
  database = connectDatabase({
    ...{ url: own.url, poolMax: 2, connectTimeoutMs: 5000, statementTimeoutMs: 5000 },
    ...{ lockTimeoutMs: 5000, idleInTransactionTimeoutMs: 5000 },
  })
})
afterAll(async () => {
  await server.stop()
  await database.close()
  await drop()
})

const published = async () =>
  (await server.ask('/jwks')).json<JSONWebKeySet>().keys.map(({ kid }) => String(kid))

/** Seconds until this is so. */
async function secondsUntil(isSo: (kids: string[]) => boolean): Promise<number> {
  const from = Date.now()
  while (!isSo(await published())) {
    if (Date.now() - from > 20_000) throw new Error('the server did not follow')
    await sleep(100)
  }
  return (Date.now() - from) / 1000
}

test('a running server publishes a new key, and drops a retired one also while it is told to stop, within seconds (KY-03)', async () => {
  const sealer = createSealer(parseKeyring(env['CARDEA_KEYRING'] ?? ''))
  const rotated = await database.transaction((tx) =>
    rotateSigningKey(tx, sealer, { alg: 'ES256', signedSeconds: 600 }),
  )
  const { kid } = rotated.key
  expect(await secondsUntil((kids) => kids.includes(kid))).toBeLessThan(8)
  expect(await published()).toHaveLength(4)
  // It has just looked: without another look of its own it would be ten seconds until a request makes it look.
  server.kill('SIGTERM')
  await database.transaction((tx) => retireSigningKey(tx, sealer, { kid, reason: 'test' }))
  expect(await secondsUntil((kids) => !kids.includes(kid))).toBeLessThan(8)
  expect(server.output()).toContain('the signing keys changed')
  expect(await server.exited).toEqual({ code: 0, signal: null })
})
