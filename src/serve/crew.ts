import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Logger } from 'pino'
import type { WorkersBeside } from '../app.ts'
import { addDeparted } from '../http/index.ts'
import type { Counted } from '../http/index.ts'
import { copyLines } from './copy-lines.ts'
import type { LineSink } from './copy-lines.ts'
import { readMessage } from './messages.ts'
import type { ToWorker } from './messages.ts'

/** The processes that answer the public, each replaced when it dies. */
export type Crew = WorkersBeside & {
  /** Schema and keys are there: workers begin to serve. */
  open(): void
  /** Lets every worker finish what it has begun; `clean` when all did within `deadlineMs`. */
  stop(deadlineMs: number): Promise<'clean' | 'forced'>
}

type Worker = {
  child: ChildProcess
  isReady: boolean
  exited: Promise<number | null>
  /** What it had counted when it last said so. */
  counted: Counted | null
}

const ENTRY = fileURLToPath(new URL('worker-main.ts', import.meta.url))
const LIVED_WELL_MS = 60_000
const [FIRST_PAUSE_MS, LONGEST_PAUSE_MS] = [100, 30_000]
const COUNTED_WITHIN_MS = 1000
/** What a worker needs beyond its requests: its connections to the database. */
const LEAVING_MS = 4000

/** How long to wait before the next start after so many deaths in a row, in milliseconds: short at first, then twice as long each time. */
export function pauseAfter(deaths: number): number {
  return Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.max(0, deaths - 1))
}

/** Starts `count` workers with this environment. They begin to listen once the crew is opened and they are ready. */
export function startCrew({
  count,
  env,
  logger,
  sink,
  onReady,
}: {
  count: number
  env: NodeJS.ProcessEnv
  logger: Logger
  /** Where their log goes, a line at a time: several writers of one pipe would cut each other's lines. */
  sink: LineSink
  /** Told each time a worker has begun to listen. */
  onReady: () => void
}): Crew {
  const stopping = new AbortController()
  const workers = new Set<Worker>()
  const questions = new Map<number, () => void>()
  let [isOpen, asked] = [false, 0]
  let departed: Counted | null = null
  const isStopping = () => stopping.signal.aborted

  function launch(): Worker {
    const child = fork(ENTRY, [], { env, stdio: ['ignore', 'pipe', 'inherit', 'ipc'] })
    const exited = new Promise<number | null>((resolve) => {
      child.once('exit', resolve)
      child.once('error', () => resolve(null))
    })
    const worker: Worker = { child, isReady: false, exited, counted: null }
    if (child.stdout) copyLines(child.stdout, sink)
    child.on('message', (received) => {
      const message = readMessage(received)
      if (message?.type === 'ready') {
        worker.isReady = true
        onReady()
      }
      if (message?.type === 'counted') {
        // Also an answer that is late: it is newer than what we have.
        worker.counted = message.counted
        questions.get(message.question)?.()
      }
    })
    workers.add(worker)
    if (isOpen) tell(worker, { type: 'open' })
    return worker
  }

  async function keepOne(): Promise<void> {
    for (let deaths = 0; !isStopping();) {
      const startedAt = performance.now()
      const worker = launch()
      const code = await worker.exited
      workers.delete(worker)
      // What it counted since it was last asked went with it.
      if (worker.counted) departed = addDeparted(departed, worker.counted)
      if (isStopping()) return
      deaths = performance.now() - startedAt > LIVED_WELL_MS ? 1 : deaths + 1
      logger.error({ pid: worker.child.pid, code, signal: worker.child.signalCode, deaths }, 'a worker died')
      await sleep(pauseAfter(deaths), undefined, { signal: stopping.signal }).catch(() => undefined)
    }
  }

  // Whatever happens to the supervisor, no worker stays behind.
  const onExit = () => {
    for (const { child } of workers) child.kill('SIGKILL')
  }
  process.once('exit', onExit)
  const keeping = Array.from({ length: count }, () => keepOne())

  return {
    isAnyReady: () => [...workers].some(({ isReady }) => isReady),
    async counted() {
      await Promise.all([...workers].filter(({ isReady }) => isReady).map((worker) => ask(worker)))
      // Read at one moment: whoever died meanwhile is counted among the departed, and only there.
      return [departed, ...[...workers].map(({ counted }) => counted)].filter((counted) => counted !== null)
    },
    open() {
      isOpen = true
      for (const worker of workers) tell(worker, { type: 'open' })
    },
    async stop(deadlineMs) {
      stopping.abort()
      const leaving = [...workers]
      for (const worker of leaving) tell(worker, { type: 'stop' })
      const late = setTimeout(() => {
        for (const { child } of leaving) child.kill('SIGKILL')
      }, deadlineMs + LEAVING_MS)
      const codes = await Promise.all(leaving.map(({ exited }) => exited))
      clearTimeout(late)
      await Promise.all(keeping)
      process.off('exit', onExit)
      return codes.every((code) => code === 0) ? 'clean' : 'forced'
    },
  }

  /** Lets a worker say what it has counted. One that does not within a second stands with what it said last. */
  async function ask(worker: Worker): Promise<void> {
    const question = (asked += 1)
    const answer = new Promise<void>((resolve) => questions.set(question, resolve))
    tell(worker, { type: 'count', question })
    const waiting = new AbortController()
    const late = sleep(COUNTED_WITHIN_MS, undefined, { signal: waiting.signal }).catch(() => undefined)
    try {
      await Promise.race([answer, late, worker.exited])
    } finally {
      waiting.abort()
      questions.delete(question)
    }
  }
}

function tell({ child }: Worker, message: ToWorker): void {
  // One that is dying hears nothing any more, and is replaced.
  if (child.connected) child.send(message, () => undefined)
}
