import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import type { Database } from '../../../src/db/index.ts'
import { logoutRound } from '../../../src/oidc/index.ts'
import { enqueue, listJobs } from '../../../src/queue/index.ts'
import { madeClient } from '../../support/access-rows.ts'
import { openTestDatabase } from '../../support/database.ts'
import { startLogoutReceiver } from '../../support/logout-receiver.ts'
import type { LogoutReceiver } from '../../support/logout-receiver.ts'
import { freePorts } from '../../support/server.ts'
import { productionEnv, spawnServer } from '../../support/server-process.ts'
import type { ServerProcess } from '../../support/server-process.ts'

let database: Database
let close: () => Promise<void>
let receiver: LogoutReceiver
let env: Record<string, string>
let processes: ServerProcess[]

beforeEach(async () => {
  const made = await openTestDatabase({ poolMax: 4 })
  database = made.database
  close = made.close
  receiver = await startLogoutReceiver()
  env = { ...(await productionEnv(made.url)), CARDEA_OUTBOUND_ALLOW: '127.0.0.1', CARDEA_JOBS: 'false' }
  processes = []
})
afterEach(async () => {
  for (const one of processes) await one.stop()
  await receiver.stop()
  await close()
})

async function started(process: Promise<ServerProcess>): Promise<ServerProcess> {
  const one = await process
  processes.push(one)
  await one.ready()
  return one
}

async function startWorker(): Promise<ServerProcess> {
  const [opsPort = 0] = await freePorts(1)
  return started(
    spawnServer({ ...env, CARDEA_OPS_PORT: String(opsPort) }, { command: ['bin/cardea.js', 'worker'] }),
  )
}

/** A sign-out at a relying party that is to be told. */
async function signOut(): Promise<void> {
  const clientId = await madeClient(
    { database },
    { metadata: { backchannel_logout_uri: `${receiver.origin}/logout` } },
  )
  await database.transaction(async (tx) => {
    await tx.$executeRaw`
      INSERT INTO logout_notices (id, client_id, user_id, sid) VALUES (gen_random_uuid(), ${clientId}, gen_random_uuid(), 'sid')`
    await enqueue(tx, logoutRound, { lane: clientId })
  })
}

const notice = () => database.prisma.logoutNotice.findFirstOrThrow()

async function until(holds: () => Promise<boolean>, withinMs: number): Promise<void> {
  for (const end = Date.now() + withinMs; Date.now() < end;) {
    if (await holds()) return
    await sleep(100)
  }
  throw new Error(processes.map((one) => one.output()).join('\n---\n'))
}

test('a worker does what a server leaves to it; killed in the middle of a job, another does it within a minute (FT-12, FT-21)', async () => {
  const server = await started(spawnServer(env))
  await signOut()
  await sleep(1500)
  expect(await listJobs(database.prisma, { task: 'logout.deliver', limit: 5 })).toMatchObject([
    { state: 'waiting', attempts: 0 },
  ])

  receiver.answer = () => undefined
  const first = await startWorker()
  await receiver.until(1)
  first.kill('SIGKILL')
  await first.exited
  receiver.answer = (_req, res) => res.end()
  const second = await startWorker()
  const killedAt = Date.now()
  await until(async () => (await notice()).state === 'delivered', 60_000)
  expect(Date.now() - killedAt).toBeLessThan(60_000)
  expect(await notice()).toMatchObject({ attempts: 2, lastError: null })
  // Its own job comes back when the process has not been seen for thirty seconds, and finds nothing left to do.
  await until(
    async () => (await listJobs(database.prisma, { task: 'logout.deliver', limit: 5 })).length === 0,
    30_000,
  )

  const metrics = (await second.askOps('/metrics')).text
  expect(metrics).toMatch(/queue_attempts_total\{task="logout.deliver",outcome="done"\} \d/)
  expect((await second.askOps('/v1/users')).status).toBe(404)
  expect((await server.askOps('/v1/users')).status).toBe(401)
}, 150_000)

test('told to stop, a worker finishes what it can, hands back the rest, and ends with 0 (FT-08)', async () => {
  const worker = await startWorker()
  await signOut()
  receiver.answer = (_req, res) => void setTimeout(() => res.end(), 1500)
  await receiver.until(1)
  worker.kill('SIGTERM')
  expect(await worker.exited).toEqual({ code: 0, signal: null })
  expect(await notice()).toMatchObject({ state: 'delivered', attempts: 1 })
  const { rows } = await database.pool.query('SELECT FROM queue_workers')
  expect(rows).toEqual([])
}, 60_000)

test('told to stop, a server begins no job while its listeners still answer what came before (FT-08)', async () => {
  const server = await started(spawnServer({ ...env, CARDEA_JOBS: 'true' }))
  receiver.answer = (_req, res) => res.end()
  await signOut()
  await until(async () => (await notice()).state === 'delivered', 30_000)

  // Half a request keeps the public listener from being drained.
  const socket = connect(server.port, '127.0.0.1').on('error', () => undefined)
  const closed = new Promise((resolve) => socket.resume().once('close', resolve))
  const type = 'Content-Type: application/x-www-form-urlencoded'
  socket.write(
    `POST /token HTTP/1.1\r\nHost: localhost:${server.port}\r\n${type}\r\nContent-Length: 7\r\n\r\ngra`,
  )
  await sleep(300)
  server.kill('SIGTERM')
  await until(() => Promise.resolve(server.output().includes('"stopping"')), 10_000)
  await sleep(300)
  await signOut()
  await sleep(1500)
  expect(await database.prisma.logoutNotice.findMany({ where: { state: 'queued' } })).toMatchObject([
    { attempts: 0 },
  ])
  socket.write('nt=x')
  await closed
  expect(await server.exited).toEqual({ code: 0, signal: null })
}, 60_000)
