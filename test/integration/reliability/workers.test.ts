import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { Agent } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { connectDatabase } from '../../../src/db/index.ts'
import { createSealer, parseKeyring } from '../../../src/crypto/index.ts'
import { createPasswordHasher } from '../../../src/users/index.ts'
import { createTestDatabase } from '../../support/database.ts'
import { bearer } from '../../support/http-client.ts'
import { addClient, addPerson } from '../../support/people.ts'
import { productionEnv, spawnServer } from '../../support/server-process.ts'
import type { ServerProcess } from '../../support/server-process.ts'
import { tokensFor } from '../../support/sign-in.ts'
import type { TestServer } from '../../support/server.ts'

// Real processes on a busy machine start slowly.
jest.setTimeout(120_000)

let own: Awaited<ReturnType<typeof createTestDatabase>>
let env: Record<string, string>
let database: ReturnType<typeof connectDatabase>
let registry: Pick<TestServer, 'database' | 'hasher' | 'sealer'>
const running: ServerProcess[] = []
beforeAll(async () => {
  own = await createTestDatabase()
  env = { ...(await productionEnv(own.url)), CARDEA_WORKERS: '2' }
  const limits = { connectTimeoutMs: 3000, statementTimeoutMs: 3000, lockTimeoutMs: 3000 }
  database = connectDatabase({ url: own.url, poolMax: 2, ...limits, idleInTransactionTimeoutMs: 3000 })
  const keyring = parseKeyring(env['CARDEA_KEYRING'] ?? '')
  const hasher = createPasswordHasher({ memoryKiB: 19_456, passes: 2, parallelism: 1 })
  registry = { database, hasher, sealer: createSealer([...keyring]) }
})
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.stop()))
})
afterAll(async () => {
  await database.close()
  await own.drop()
})

async function start(): Promise<ServerProcess> {
  const server = await spawnServer(env)
  running.push(server)
  await server.ready()
  await until(() => Promise.resolve(listeningChildren(server).length === 2))
  return server
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (let tries = 1; !(await isSo().catch(() => false)); tries += 1) {
    if (tries === 400) throw new Error('not within 20 seconds')
    await sleep(50)
  }
}

/** The processes that a process has started. */
function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .trim()
    .split(' ')
    .filter(Boolean)
    .map(Number)
}

/** Whether a process has a listening socket on this port. Ready is a server with the first of its workers. */
function listens(pid: number, port: number): boolean {
  const [LISTENING, hex] = ['0A', port.toString(16).toUpperCase().padStart(4, '0')]
  const rows = readFileSync('/proc/net/tcp', 'utf8').split('\n')
  const sockets = rows
    .map((row) => row.trim().split(/\s+/))
    .filter(([, local, , state]) => state === LISTENING && local?.endsWith(`:${hex}`) === true)
    .map((row) => `socket:[${row[9] ?? ''}]`)
  return readdirSync(`/proc/${pid}/fd`).some((fd) => sockets.includes(linkOf(`/proc/${pid}/fd/${fd}`)))
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    // Closed since it was listed.
    return ''
  }
}

function listeningChildren({ pid, port }: ServerProcess): number[] {
  return childrenOf(pid).filter((child) => listens(child, port))
}

async function counted(server: ServerProcess, sample: RegExp): Promise<number> {
  const { text } = await server.askOps('/metrics')
  return [...text.matchAll(sample)].reduce((sum, [, value]) => sum + Number(value), 0)
}

describe('two workers behind one port (FT-07)', () => {
  test('sign-ins hop from one to the other with every request, and are counted as one server’s', async () => {
    const server = await start()
    let requests = 0
    // A connection for each request: the system gives it to either.
    const ask: ServerProcess['ask'] = (path, asked) => {
      requests += 1
      return server.ask(path, { ...asked, agent: new Agent() })
    }
    const target = { ...registry, issuer: server.issuer, ask, instances: [{ ask }] } as unknown as TestServer
    const person = await addPerson(target)
    const client = await addClient(target)
    for (let round = 0; round < 5; round += 1) {
      const { access_token } = await tokensFor(target, client, person)
      expect((await ask('/userinfo', { headers: bearer(access_token) })).status).toBe(200)
    }
    const answered = /^http_requests_total\{(?!.*route="\/health)[^}]*\} (\d+)$/gm
    const byPublic = await counted(server, answered)
    expect(byPublic).toBe(requests)
    expect(await counted(server, /^tokens_issued_total\{grant_type="authorization_code"\} (\d+)$/gm)).toBe(5)
  })

  test('one killed without warning breaks only what it had in hand, and is replaced', async () => {
    const server = await start()
    const workers = childrenOf(server.pid)
    expect(workers).toHaveLength(2)
    const outcomes: Promise<number | string>[] = []
    for (let nth = 0; nth < 200; nth += 1) {
      const asked = server.ask('/jwks', { agent: new Agent() })
      outcomes.push(
        asked.then(
          ({ status }) => status,
          (error: unknown) => (error as NodeJS.ErrnoException).code ?? String(error),
        ),
      )
      if (nth === 100) process.kill(workers[0] ?? 0, 'SIGKILL')
      await sleep(5)
    }
    const all = await Promise.all(outcomes)
    expect(all.filter((outcome) => outcome !== 200).length).toBeLessThanOrEqual(10)
    expect(new Set(all.slice(150))).toEqual(new Set([200]))
    await until(() => Promise.resolve(childrenOf(server.pid).length === 2))
    expect(childrenOf(server.pid)).toContain(workers[1])
    expect(childrenOf(server.pid)).not.toContain(workers[0])
    expect(server.output()).toMatch(/"signal":"SIGKILL".*"a worker died"/)
    expect((await server.askOps('/health/ready')).status).toBe(200)
  })

  test('no counter goes back while one stands still, nor when one dies', async () => {
    const server = await start()
    const workers = childrenOf(server.pid)
    for (let nth = 0; nth < 40; nth += 1) await server.ask('/jwks', { agent: new Agent() })
    const requests = () => counted(server, /^http_requests_total\{[^}]*route="\/jwks"[^}]*\} (\d+)$/gm)
    const durations = () =>
      counted(server, /^http_request_duration_seconds_count\{[^}]*route="\/jwks"[^}]*\} (\d+)$/gm)
    await until(async () => (await requests()) === 40)
    for (const pid of workers) {
      process.kill(pid, 'SIGSTOP')
      expect([await requests(), await durations()]).toEqual([40, 40])
      process.kill(pid, 'SIGCONT')
      expect([await requests(), await durations()]).toEqual([40, 40])
    }
    for (const pid of workers) {
      process.kill(pid, 'SIGKILL')
      expect(await requests()).toBe(40)
      await until(() => Promise.resolve(listeningChildren(server).filter((one) => one !== pid).length === 2))
      expect([await requests(), await durations()]).toEqual([40, 40])
    }
    await server.ask('/jwks', { agent: new Agent() })
    await until(async () => (await requests()) === 41)
  })

  test('they do not outlive a supervisor that was killed', async () => {
    const server = await start()
    const workers = childrenOf(server.pid)
    server.kill('SIGKILL')
    await server.exited
    const isGone = (pid: number) => {
      try {
        process.kill(pid, 0)
        return false
      } catch {
        return true
      }
    }
    await until(() => Promise.resolve(workers.every(isGone)))
  })

  test('they leave the port of a supervisor that was killed to the next one, at once', async () => {
    const server = await start()
    server.kill('SIGKILL')
    await server.exited
    expect((await (await start()).ask('/jwks')).status).toBe(200)
  })

  test('a second server on the port is refused, whatever the number of its workers', async () => {
    await start()
    for (const workers of ['1', '2'])
      await expect(spawnServer({ ...env, CARDEA_OPS_PORT: '0', CARDEA_WORKERS: workers })).rejects.toThrow(
        /Port \d+ on 127\.0\.0\.1 is taken/,
      )
  })
})
