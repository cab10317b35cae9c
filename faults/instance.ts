import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { send } from '../test/support/http-client.ts'
import type { Journal } from './journal.ts'

/** A place where a server process runs, and a new one after each that ended. */
export type Instance = {
  nth: number
  port: number
  opsPort: number
  /** Everything it wrote to its log about failures that nothing excuses. */
  bugs: string[]
  /** Ends the process without warning; resolves when a new one listens, `downMs` after. */
  kill(downMs: number): Promise<void>
  /** Asks it to stop as an orchestrator does; resolves when it has ended and a new one listens. */
  stop(): Promise<void>
  /** The process gets no processor for so long. */
  pause(ms: number): Promise<void>
  /** Sets how far its wall clock is off; a new process begins with the same. */
  setClock(offsetMs: number): void
  isReady(): Promise<boolean>
  /** Waits until the listeners answer, ready or not. */
  listening(): Promise<void>
  end(): Promise<void>
}

const root = fileURLToPath(new URL('..', import.meta.url))
const preload = new URL('clock-preload.ts', import.meta.url).href
const LISTENS_WITHIN_MS = 30_000
const LOG_KEPT = 4000

/** Starts the server as operators run it, with this environment and no other. */
export function startInstance(nth: number, env: Record<string, string>, journal: Journal): Instance {
  const [port, opsPort] = [Number(env['CARDEA_PORT']), Number(env['CARDEA_OPS_PORT'])]
  const bugs: string[] = []
  let [offsetMs, paused]: [number, number] = [0, 0]
  let asked: 'kill' | 'stop' | null = null
  let child: ChildProcess
  let exited: Promise<void>

  function launch(): void {
    asked = null
    child = spawn(process.execPath, ['--import', preload, 'src/main.ts'], {
      ...{ cwd: root, env, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] },
    })
    child.send({ offsetMs })
    child.on('error', () => undefined)
    let tail = ''
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        const lines = `${tail}${text}`.split('\n')
        tail = (lines.pop() ?? '').slice(-LOG_KEPT)
        bugs.push(...lines.filter((line) => line.includes('"request failed"') || !line.startsWith('{')))
      })
    exited = new Promise((resolve) => {
      child.once('exit', (code) => {
        journal.add({ type: 'exit', instance: nth, at: journal.now(), asked, code })
        resolve()
      })
    })
  }

  const probe = (path: string) =>
    Promise.race([
      send({ port: opsPort, host: `127.0.0.1:${opsPort}` }, path).then(
        ({ status }) => status === 200,
        () => false,
      ),
      sleep(1500, false),
    ])

  async function listening(): Promise<void> {
    const deadline = journal.now() + LISTENS_WITHIN_MS
    while (!(await probe('/health/live'))) {
      if (journal.now() > deadline) throw new Error(`instance ${nth} does not listen: ${bugs.join('\n')}`)
      await sleep(25)
    }
  }

  async function replace(from: number, downMs: number): Promise<void> {
    await exited
    await sleep(downMs)
    launch()
    await listening()
    journal.add({ type: 'window', instance: nth, why: 'down', from, to: journal.now() })
  }

  launch()
  // Whatever happens to us, no server is left behind.
  const onExit = () => void child.kill('SIGKILL')
  process.once('exit', onExit)
  return {
    ...{ nth, port, opsPort, bugs, listening },
    async kill(downMs) {
      const from = journal.now()
      asked = 'kill'
      child.kill('SIGKILL')
      await replace(from, downMs)
    },
    async stop() {
      const from = journal.now()
      asked = 'stop'
      child.kill('SIGTERM')
      await exited
      const to = journal.now()
      journal.add({ type: 'window', instance: nth, why: 'draining', from, to })
      await replace(to, 0)
    },
    async pause(ms) {
      const from = journal.now()
      paused += 1
      child.kill('SIGSTOP')
      await sleep(ms)
      paused -= 1
      if (paused === 0) child.kill('SIGCONT')
      journal.add({ type: 'window', instance: nth, why: 'paused', from, to: journal.now() })
    },
    setClock(ms) {
      offsetMs = ms
      child.send({ offsetMs })
      journal.add({ type: 'clock', instance: nth, at: journal.now(), offsetMs })
    },
    isReady: () => probe('/health/ready'),
    async end() {
      asked = 'kill'
      child.kill('SIGKILL')
      await exited
      process.off('exit', onExit)
    },
  }
}
