import { Agent } from 'node:http'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals'
import pg from 'pg'
import { ADMIN_API } from '../../../src/clients/index.ts'
import { connectDatabase } from '../../../src/db/index.ts'
import { createTestDatabase } from '../../support/database.ts'
import { basic, bearer, send } from '../../support/http-client.ts'
import type { Answer } from '../../support/http-client.ts'
import { addApi, addClient, machineClient } from '../../support/people.ts'
import { productionEnv, spawnServer } from '../../support/server-process.ts'
import type { ServerProcess } from '../../support/server-process.ts'
import { authorizeUrl, pkce } from '../../support/sign-in.ts'
import type { TestServer } from '../../support/server.ts'

// Real processes on a busy machine start slowly.
jest.setTimeout(120_000)

const API = 'https://api.example/'
/** Requests that a balancer still sends after readiness has said no. */
const HEARING_LATE = 40

let database: Awaited<ReturnType<typeof createTestDatabase>>
let env: Record<string, string>
let machine: Awaited<ReturnType<typeof addClient>>
let operator: Awaited<ReturnType<typeof addClient>>
let app: Awaited<ReturnType<typeof addClient>>
const running: ServerProcess[] = []
beforeAll(async () => {
  database = await createTestDatabase()
  env = await productionEnv(database.url)
  const limits = { connectTimeoutMs: 3000, statementTimeoutMs: 3000, lockTimeoutMs: 3000 }
  const own = connectDatabase({ url: database.url, poolMax: 1, ...limits, idleInTransactionTimeoutMs: 3000 })
  const registry = { database: own } as TestServer
  machine = await addClient(registry, { metadata: machineClient })
  app = await addClient(registry)
  operator = await addClient(registry, { metadata: { ...machineClient, scope: 'users:read admin:grant' } })
  await addApi(registry, { identifier: API, clientId: machine.id })
  await own.close()
})
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.stop()))
})
afterAll(() => database.drop())

async function start(changed: Record<string, string> = {}): Promise<ServerProcess> {
  const server = await spawnServer({ ...env, ...changed })
  running.push(server)
  await server.ready()
  return server
}

type Outcome = { status: number; whole: boolean; last: boolean; error?: string }

/** What is asked for in turn: keys, tokens, verdicts, sign-ins. */
function askNth(server: ServerProcess, nth: number, agent: Agent): Promise<Answer> {
  if (nth % 4 === 0) return server.ask('/jwks', { agent })
  if (nth % 4 === 1) return server.ask(authorizeUrl(app, pkce().challenge), { agent })
  if (nth % 4 === 2)
    return server.ask('/introspect', {
      ...{ agent, body: { token: 'x' } },
      headers: basic(app.id, app.secret),
    })
  const body = { grant_type: 'client_credentials', resource: API, scope: 'orders:read' }
  return server.ask('/token', { agent, body, headers: basic(machine.id, machine.secret) })
}

async function outcomeOf(asked: Promise<Answer>): Promise<Outcome> {
  try {
    const { status, text, headers } = await asked
    const whole = status === 303 ? headers.location !== undefined : typeof JSON.parse(text) === 'object'
    return { status, whole, last: headers.connection === 'close' }
  } catch (error) {
    return {
      status: 0,
      whole: false,
      last: false,
      error: (error as NodeJS.ErrnoException).code ?? String(error),
    }
  }
}

/** A request whose sender takes its time: half of it is sent, the rest when asked for. */
async function slowRequest({ port }: ServerProcess): Promise<{ finish(): void; answer: Promise<string> }> {
  const body = 'token=x'
  const socket: Socket = connect(port, '127.0.0.1')
  let received = ''
  socket.on('data', (data) => (received += data.toString('latin1'))).on('error', () => undefined)
  const answer = new Promise<string>((resolve) => socket.once('close', () => resolve(received)))
  const { authorization } = basic(app.id, app.secret)
  socket.write(
    `POST /introspect HTTP/1.1\r\nHost: localhost:${port}\r\nAuthorization: ${authorization}\r\n` +
      `Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\n\r\n${body.slice(0, 3)}`,
  )
  await sleep(200)
  return { finish: () => socket.write(body.slice(3)), answer }
}

describe('SIGTERM (FT-08)', () => {
  test.each(['1', '2'])(
    'under 200 requests a second breaks no answer of %s workers and turns nobody away who hears of it; the process leaves with 0',
    async (workers) => {
      const server = await start({ CARDEA_WORKERS: workers, CARDEA_SHUTDOWN_DELAY: '3000' })
      // As a balancer in front does it: connections that are kept, each used again and again, until readiness says no.
      const agent = new Agent({ keepAlive: true, maxSockets: 10 })
      const slow = await slowRequest(server)
      const outcomes: Promise<Outcome>[] = []
      let [heardAt, waiting] = [Infinity, 0]
      const startedAt = performance.now()
      for (let nth = 0; nth < Math.min(600, heardAt + HEARING_LATE); nth += 1) {
        // On a machine too slow for so many, those who wait here would learn of the door only when it is shut.
        if (waiting < 30) {
          waiting += 1
          outcomes.push(outcomeOf(askNth(server, nth, agent)).finally(() => (waiting -= 1)))
        }
        if (nth === 200) server.kill('SIGTERM')
        if (nth > 200 && nth % 20 === 0 && heardAt === Infinity) {
          const ready = await server.askOps('/health/ready')
          if (ready.status === 503) {
            heardAt = nth
            expect(ready.json()).toMatchObject({ checks: { accepting: 'failed', database: 'ok' } })
          }
        }
        await sleep(Math.max(0, startedAt + (nth + 1) * 5 - performance.now()))
      }
      expect(heardAt).toBeLessThan(600)
      slow.finish()
      expect(await slow.answer).toMatch(/^HTTP\/1\.1 200 OK[^]*\{"active":false\}/)
      expect(await server.exited).toEqual({ code: 0, signal: null })

      const all = await Promise.all(outcomes)
      expect(all.filter(({ error, whole }) => error !== undefined || !whole)).toEqual([])
      expect(new Set(all.map(({ status }) => status))).toEqual(new Set([200, 303]))
      expect(all.filter(({ last }) => last).length).toBeGreaterThan(0)
      expect(server.output()).not.toMatch(/"level":(40|50|60)/)
      agent.destroy()
    },
  )

  test('keeps the operations listener until what operators asked there is answered, as long as the public may take', async () => {
    const server = await start({ CARDEA_DATABASE_TIMEOUT: '6000' })
    const granted = await server.ask('/token', {
      body: { grant_type: 'client_credentials', resource: ADMIN_API, scope: 'users:read' },
      headers: basic(operator.id, operator.secret),
    })
    const locker = new pg.Client({ connectionString: database.url })
    await locker.connect()
    await locker.query('BEGIN; LOCK TABLE users')
    const answer = outcomeOf(
      send({ port: server.opsPort, host: `127.0.0.1:${server.opsPort}` }, '/v1/users', {
        headers: bearer(granted.json<{ access_token: string }>().access_token),
      }),
    )
    await sleep(200)
    server.kill('SIGTERM')
    await sleep(4000)
    await locker.end()
    expect(await answer).toMatchObject({ whole: true })
    expect(await server.exited).toEqual({ code: 0, signal: null })
  })

  test('while it still waits for its database breaks no answer either', async () => {
    const server = await spawnServer({ ...env, DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/none' })
    running.push(server)
    const slow = await slowRequest(server)
    server.kill('SIGTERM')
    await sleep(500)
    expect((await server.ask('/jwks')).status).toBe(503)
    slow.finish()
    expect(await slow.answer).toMatch(/^HTTP\/1\.1 503 /)
    expect(await server.exited).toEqual({ code: 0, signal: null })
  })

  test('a second time, while a request is still being sent, ends it at once with 1', async () => {
    const server = await start()
    const { answer } = await slowRequest(server)
    server.kill('SIGTERM')
    await sleep(300)
    const startedAt = Date.now()
    server.kill('SIGTERM')
    expect(await server.exited).toEqual({ code: 1, signal: null })
    expect(Date.now() - startedAt).toBeLessThan(4000)
    expect(await answer).toBe('')
  })

  test('ends with 1 at the deadline when a request does not come to its end', async () => {
    const server = await start({ CARDEA_SHUTDOWN_TIMEOUT: '300', CARDEA_SHUTDOWN_DELAY: '0' })
    await slowRequest(server)
    const startedAt = Date.now()
    server.kill('SIGTERM')
    expect(await server.exited).toEqual({ code: 1, signal: null })
    expect(Date.now() - startedAt).toBeLessThan(3000)
  })

  test.each(['SIGTERM', 'SIGINT'] as const)('%s ends an idle process with 0', async (signal) => {
    const server = await start()
    server.kill(signal)
    expect(await server.exited).toEqual({ code: 0, signal: null })
  })
})
