import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { accessSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from 'amqplib'

/** A RabbitMQ of a test's own: its node, ports and folders are nobody else's, and it is gone with the test. */
export type RabbitMq = {
  url: string
  start(): Promise<void>
  /** As a power cut would: kill -9. */
  kill(): Promise<void>
  /** As a machine that hangs: connections stay, and nothing is said. */
  freeze(): void
  thaw(): void
  /** What it has written to its log so far. */
  log(): string
  /** Ends it and all that it has brought along. */
  remove(): Promise<void>
}

/** Where distributions put it; their wrapper in PATH wants to run it as another user. */
const places = ['/usr/lib/rabbitmq/bin/rabbitmq-server', '/opt/rabbitmq/sbin/rabbitmq-server']

const server = [...places, ...inPath('rabbitmq-server')].find(exists)
/** The name server of Erlang, which the broker would otherwise start itself and leave running. */
const nameServer = inPath('epmd').find(exists)

/** Why tests with a real broker are left out, or null. */
export const noRabbitMq =
  server === undefined || nameServer === undefined
    ? 'no RabbitMQ is installed (apt-get install rabbitmq-server)'
    : null

/** Prepares a broker; it is not started yet. */
export async function createRabbitMq(): Promise<RabbitMq> {
  const dir = mkdtempSync(join(tmpdir(), 'cardea-rabbitmq-'))
  const [port, distPort, epmdPort] = await freePorts(3)
  const url = `amqp://guest:guest@127.0.0.1:${port}`
  // Quorum queues are kept by Raft logs, which are preallocated large by default.
  writeFileSync(join(dir, 'rabbitmq.conf'), 'raft.wal_max_size_bytes = 4000000\nloopback_users = none\n')
  writeFileSync(join(dir, 'enabled_plugins'), '[].')
  const env = {
    ...{ PATH: process.env['PATH'] ?? '', LANG: 'C.UTF-8', HOME: dir },
    ...{ ERL_EPMD_PORT: `${epmdPort}`, ERL_EPMD_ADDRESS: '127.0.0.1' },
    RABBITMQ_NODENAME: `cardea_${randomBytes(4).toString('hex')}@localhost`,
    ...{ RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1', RABBITMQ_NODE_PORT: `${port}` },
    ...{ RABBITMQ_DIST_PORT: `${distPort}`, RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '+S 1:1' },
    ...{ RABBITMQ_MNESIA_BASE: join(dir, 'data'), RABBITMQ_LOG_BASE: dir, RABBITMQ_LOGS: join(dir, 'log') },
    RABBITMQ_CONFIG_FILE: join(dir, 'rabbitmq.conf'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(dir, 'enabled_plugins'),
    RABBITMQ_PID_FILE: join(dir, 'pid'),
  }
  const epmd = spawn(nameServer ?? '', ['-port', `${epmdPort}`, '-address', '127.0.0.1'], {
    env,
    stdio: 'ignore',
  })
  let running: ChildProcess | undefined

  /** To all of a process group of its own: the shell that starts it, the emulator, and its port programs. */
  function signal(name: NodeJS.Signals): void {
    if (running?.pid !== undefined) process.kill(-running.pid, name)
  }

  async function end(name: NodeJS.Signals): Promise<void> {
    const ended = running
    if (ended?.pid === undefined || ended.exitCode !== null || ended.signalCode !== null) return
    const gone = new Promise((resolve) => ended.once('exit', resolve))
    signal(name)
    running = undefined
    await gone
  }

  return {
    url,
    async start() {
      running = spawn(server ?? '', [], { env, cwd: dir, detached: true, stdio: 'ignore' })
      await untilItAnswers(url, running)
    },
    kill: () => end('SIGKILL'),
    freeze: () => signal('SIGSTOP'),
    thaw: () => signal('SIGCONT'),
    log: () => readFileSync(join(dir, 'log'), 'utf8'),
    async remove() {
      await end('SIGKILL')
      epmd.kill('SIGKILL')
      rmSync(dir, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

async function untilItAnswers(url: string, server: ChildProcess): Promise<void> {
  for (const end = Date.now() + 90_000; Date.now() < end;) {
    if (server.exitCode !== null) throw new Error(`RabbitMQ ended with ${server.exitCode}`)
    try {
      const connection = await connect(url, { timeout: 2000 })
      await connection.close()
      return
    } catch {
      await sleep(200)
    }
  }
  throw new Error('RabbitMQ does not answer')
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer()
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      return server
    }),
  )
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}

function inPath(name: string): string[] {
  return (process.env['PATH'] ?? '').split(':').map((dir) => join(dir, name))
}

function exists(path: string): boolean {
  try {
    accessSync(path)
    return true
  } catch {
    return false
  }
}
