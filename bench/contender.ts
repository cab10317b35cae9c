import { fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Usage } from './reporter.ts'

/** One of the two servers that are compared, running. */
export type Contender = {
  name: 'ours' | 'bare'
  port: number
  /** The operations listener; the bare engine has none. */
  opsPort: number
  issuer: string
  usage(): Promise<Usage>
  stop(): Promise<void>
}

const programs = {
  ours: new URL('./server.ts', import.meta.url),
  bare: new URL('./bare-engine.ts', import.meta.url),
}
const START_DEADLINE_MS = 90_000

/** Starts a server in a process of its own and waits until it serves. */
export async function startContender(
  name: Contender['name'],
  {
    databaseUrl,
    profile,
    checkout,
    env = {},
  }: {
    databaseUrl: string
    profile: string | undefined
    /** The folder of another checkout, whose server it shall be. */
    checkout?: string | undefined
    env?: Record<string, string>
  },
): Promise<Contender> {
  const [port, opsPort] = [await freePort(), await freePort()]
  const issuer = `http://localhost:${port}`
  const program = fileURLToPath(programs[name])
  const child = fork(
    checkout === undefined ? program : path.resolve(checkout, 'bench', path.basename(program)),
    {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      execArgv:
        profile === undefined
          ? []
          : ['--cpu-prof', '--cpu-prof-interval=250', `--cpu-prof-dir=${profile}/${name}`],
      env: {
        ...process.env,
        CARDEA_MODE: 'production',
        CARDEA_ISSUER: issuer,
        CARDEA_HOST: '127.0.0.1',
        CARDEA_PORT: String(port),
        CARDEA_OPS_PORT: String(opsPort),
        CARDEA_KEYRING: randomBytes(32).toString('base64url'),
        CARDEA_COOKIE_KEYS: randomBytes(32).toString('base64url'),
        CARDEA_TOTP_POLICY: 'optional',
        CARDEA_RATE_LIMIT: '1000000',
        DATABASE_URL: databaseUrl,
        ...env,
      },
    },
  )
  let complaints = ''
  child.stderr?.on('data', (chunk: Buffer) => (complaints += chunk.toString()))
  const gone = once(child, 'exit').then(() => {
    throw new Error(`the server stopped: ${complaints}`)
  })
  gone.catch(() => undefined)
  try {
    await Promise.race([untilServing(port, () => complaints), gone])
  } catch (error) {
    child.kill('SIGKILL')
    throw error
  }
  return {
    name,
    port,
    opsPort,
    issuer,
    async usage() {
      child.send('usage')
      const [usage] = (await Promise.race([once(child, 'message'), gone])) as [Usage]
      return usage
    },
    async stop() {
      if (child.connected) child.disconnect()
      await gone.catch(() => undefined)
    },
  }
}

async function untilServing(port: number, complaints: () => string): Promise<void> {
  const deadline = Date.now() + START_DEADLINE_MS
  for (;;) {
    const answer = await fetch(`http://localhost:${port}/.well-known/openid-configuration`).catch(
      () => undefined,
    )
    await answer?.body?.cancel()
    if (answer?.ok) return
    if (Date.now() > deadline) throw new Error(`the server does not start: ${complaints()}`)
    await sleep(50)
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
