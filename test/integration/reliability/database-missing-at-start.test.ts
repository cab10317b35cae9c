import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import pg from 'pg'
import { createTestDatabase } from '../../support/database.ts'
import { basic } from '../../support/http-client.ts'
import type { Answer } from '../../support/http-client.ts'
import { productionEnv, spawnServer } from '../../support/server-process.ts'
import type { ServerProcess } from '../../support/server-process.ts'
import { startTcpProxy } from '../../support/tcp-proxy.ts'
import type { TcpProxy } from '../../support/tcp-proxy.ts'

let database: Awaited<ReturnType<typeof createTestDatabase>>
let proxy: TcpProxy
let env: Record<string, string>
const running: ServerProcess[] = []
beforeAll(async () => {
  database = await createTestDatabase()
  proxy = await startTcpProxy(database.url, { closed: true })
  env = await productionEnv(proxy.url)
})
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.stop()))
})
afterAll(async () => {
  await proxy.close()
  await database.drop()
})

async function start(changed: Record<string, string> = {}): Promise<ServerProcess> {
  const server = await spawnServer({ ...env, ...changed })
  running.push(server)
  return server
}

const publicData = ['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server', '/jwks']
const others = ['/', '/authorize?client_id=x', '/interaction/x', '/logout', '/userinfo', '/nowhere']

async function statuses(server: ServerProcess, paths: string[]): Promise<Record<string, number>> {
  const answers = await Promise.all(paths.map(async (path) => [path, (await server.ask(path)).status]))
  return Object.fromEntries(answers) as Record<string, number>
}
const all = (paths: string[], status: number) => Object.fromEntries(paths.map((path) => [path, status]))

function askToken(server: ServerProcess): Promise<Answer> {
  const body = { grant_type: 'client_credentials' }
  return server.ask('/token', { body, headers: basic('nobody', 'secret') })
}

/** Takes everything out of the database, as if it had only just been created. */
async function empty(): Promise<void> {
  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  await client.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public')
  await client.end()
}

describe('a server whose database is not there (FT-01)', () => {
  test('is alive and not ready, answers everything else 503, and recovers without a restart', async () => {
    await empty()
    const server = await start()
    expect(await statuses(server, ['/health/live', '/health/ready'])).toEqual({
      '/health/live': 200,
      '/health/ready': 503,
    })
    // The signing keys live in the database: before the first contact there is no truth to tell about them either.
    expect(await statuses(server, [...others, ...publicData])).toEqual(all([...others, ...publicData], 503))
    const refused = await askToken(server)
    expect(refused.status).toBe(503)
    expect(refused.headers['retry-after']).toMatch(/^[1-9]/)
    expect(refused.json()).toEqual({
      error: 'temporarily_unavailable',
      error_description: expect.any(String),
    })
    expect(refused.headers).toMatchObject({
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    })

    await proxy.open()
    await server.ready()
    expect(await statuses(server, publicData)).toEqual(all(publicData, 200))
    expect((await askToken(server)).json()).toMatchObject({ error: 'invalid_client' })

    const keys = (await server.ask('/jwks')).text
    await proxy.close()
    // From here on they are known, and do not change because the database goes away.
    expect((await server.ask('/jwks')).text).toBe(keys)
    expect(await statuses(server, publicData)).toEqual(all(publicData, 200))
    expect((await server.askOps('/health/ready')).status).toBe(503)
    expect((await server.ask('/health/live')).status).toBe(200)
    expect((await askToken(server)).status).toBe(503)

    await proxy.open()
    await server.ready()
    expect((await askToken(server)).status).toBe(401)
    server.kill('SIGTERM')
    expect(await server.exited).toEqual({ code: 0, signal: null })
    expect(server.output()).not.toMatch(/request failed|"level":(50|60)/)
    await proxy.close()
  })

  test('stops at once when it is told to while it still waits', async () => {
    const server = await start()
    await sleep(300)
    const startedAt = Date.now()
    server.kill('SIGTERM')
    expect(await server.exited).toEqual({ code: 0, signal: null })
    expect(Date.now() - startedAt).toBeLessThan(5000)
  })

  test('started twice on an empty database makes the schema once and one set of keys (FT-07)', async () => {
    await empty()
    const other = await productionEnv(proxy.url)
    const { CARDEA_PORT = '', CARDEA_OPS_PORT = '' } = other
    const both = await Promise.all([start(), start({ CARDEA_PORT, CARDEA_OPS_PORT })])
    await proxy.open()
    await Promise.all(both.map((server) => server.ready()))
    const [one, two] = await Promise.all(both.map((server) => server.ask('/jwks')))
    expect(one?.json<{ keys: unknown[] }>().keys).toHaveLength(3)
    expect(two?.text).toBe(one?.text)
  })
})
