import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { setTimeout as sleep } from 'node:timers/promises'
import { randomSecret } from '../../src/crypto/index.ts'
import { send } from './http-client.ts'
import type { Answer, Ask } from './http-client.ts'
import { expectNoSecretIn } from './issued-secrets.ts'
import { freePorts } from './server.ts'

export type ServerProcess = {
  issuer: string
  port: number
  opsPort: number
  pid: number
  /** Everything it has printed so far. */
  output(): string
  ask(path: string, ask?: Ask): Promise<Answer>
  askOps(path: string): Promise<Answer>
  /** Waits until the operations listener says ready. */
  ready(): Promise<void>
  kill(signal: NodeJS.Signals): void
  exited: Promise<Exit>
  /** Ends it at once, if it still runs. */
  stop(): Promise<void>
}

/** Keys and ports that several processes, or a process and its successor, have in common. */
export async function productionEnv(databaseUrl: string): Promise<Record<string, string>> {
  const [port, opsPort] = await freePorts(2)
  return {
    CARDEA_MODE: 'production',
    CARDEA_ISSUER: `http://localhost:${port}`,
    CARDEA_HOST: '127.0.0.1',
    CARDEA_PORT: String(port),
    CARDEA_OPS_PORT: String(opsPort),
    CARDEA_KEYRING: randomSecret(),
    CARDEA_COOKIE_KEYS: randomSecret(),
    CARDEA_RATE_LIMIT: '100000',
    DATABASE_URL: databaseUrl,
  }
}

const root = fileURLToPath(new URL('../..', import.meta.url))
/** Two busy cores, on which a start has taken ten seconds. */
const STARTS_WITHIN_MS = 60_000

/** The server, or another command, as operators run it: a process of its own, from the sources in `cwd`, with no environment but this. Resolves when it listens. */
export async function spawnServer(
  env: Record<string, string>,
  { cwd = root, command = ['src/main.ts'] }: { cwd?: string; command?: string[] } = {},
): Promise<ServerProcess> {
  const child = spawn(process.execPath, command, {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  const exited = new Promise<Exit>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }))
  })
  const [port, opsPort] = [Number(env['CARDEA_PORT']), Number(env['CARDEA_OPS_PORT'])]
  const issuer = env['CARDEA_ISSUER'] ?? ''
  const ask: ServerProcess['ask'] = (path, asked) => send({ port, host: new URL(issuer).host }, path, asked)
  const askOps = (path: string) => send({ port: opsPort, host: `127.0.0.1:${opsPort}` }, path)

  async function until(condition: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + STARTS_WITHIN_MS
    while (!(await condition().catch(() => false))) {
      await sleep(20)
      if (child.exitCode !== null || Date.now() > deadline) {
        child.kill('SIGKILL')
        throw new Error(`the server did not start (${child.exitCode}): ${output}`)
      }
    }
  }
  await until(async () => (await askOps('/health/live')).status === 200)
  return {
    ...{ issuer, port, opsPort, ask, askOps, exited, pid: child.pid ?? 0 },
    output: () => output,
    ready: () => until(async () => (await askOps('/health/ready')).status === 200),
    kill(signal) {
      child.kill(signal)
    },
    async stop() {
      child.kill('SIGKILL')
      await exited
      expectNoSecretIn(output.split('\n'), 'the output')
    },
  }
}

type Exit = { code: number | null; signal: NodeJS.Signals | null }
