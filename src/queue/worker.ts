import { EventEmitter } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { run } from 'graphile-worker'
import type { Job, Runner, Task as LibraryTask, WorkerEvents, WorkerPool } from 'graphile-worker'
import type { Pool } from '../db/index.ts'
import { startHeartbeat } from './heartbeat.ts'
import type { Heartbeat } from './heartbeat.ts'
import { patientPool } from './patient-pool.ts'
import { inSpan } from '../tracing/index.ts'
import { silent } from './quiet-logger.ts'
import type { Task } from './task.ts'
import { startTending } from './tending.ts'
import { traceparentIn } from './trace-flags.ts'
import { within } from './within.ts'

/** One try of a job. */
export type Try = {
  jobId: string
  attempt: number
  /** Aborted when the process is told to stop: finish what is begun, begin nothing more. */
  stopping: AbortSignal
  /** Aborted when the job's time is up or the process must stop now. */
  signal: AbortSignal
}

/** How a kind of job is done, and, for those that must never be missing, how one is asked for when nobody else did. */
export type Work = {
  task: Task<unknown>
  run: (payload: unknown, attempt: Try) => Promise<void>
  tend?: () => Promise<void>
  /** It comes again whatever became of a turn: none is given up. */
  recurs?: boolean
}

export type JobFailure = { task: string; jobId: string; attempt: number; isLast: boolean; error: unknown }

type Options = {
  /** Connections of the worker's own, four at least: one listens for as long as it lives. */
  pool: Pool
  work: readonly Work[]
  /** Jobs at once. */
  concurrency?: number
  /** How long a job whose time has come may wait when no notice of it arrived. */
  pollMs?: number
  /** How often it is seen to that jobs are there which must be. */
  tendMs?: number
  /** How long jobs under way may take to finish when the process is told to stop. */
  graceMs?: number
  onDone?: (task: string) => void
  onFailure: (failure: JobFailure) => void
  /** The worker itself had to begin anew: the database was away. */
  onTrouble: (error: unknown) => void
}

/** Ties a kind of job to the function that does it; its payload is checked before, but for what a newer version told besides. */
export function perform<P>(task: Task<P>, work: (payload: P, attempt: Try) => Promise<void>): Work {
  return {
    task,
    run: (payload, attempt) => work(task.told.parse(payload), attempt),
  }
}

const RESTART_MS = 1000
const GRACE_MS = 5000
const POLL_MS = 2000
const CONCURRENCY = 12

/**
 * Does the jobs that it knows; those of kinds it does not know wait for a process that does. Resolves to how to stop: no new job is
 * begun, those under way get five seconds, and what they had not finished is done by another process.
 */
export function startWorker(options: Options): () => Promise<void> {
  const { graceMs = GRACE_MS } = options
  const stopping = new AbortController()
  const stopped = new AbortController()
  let runner: Runner | undefined
  let workers: WorkerPool | undefined
  const heartbeat = startHeartbeat(options)
  const pgPool = patientPool(options.pool, stopped.signal)
  const stopTending = startTending(options)

  /** Also asked again after a wait, so it may have changed. */
  const isStopping = () => stopping.signal.aborted

  async function live(): Promise<void> {
    while (!isStopping()) {
      try {
        const events: WorkerEvents = new EventEmitter()
        events.on('pool:create', ({ workerPool }) => {
          workers = workerPool
          heartbeat.add(workerPool.id)
        })
        const tasks = options.work.map(
          (one) => [one.task.name, taskOf(one, options, heartbeat, stopping.signal)] as const,
        )
        runner = await run({
          pgPool,
          taskList: Object.fromEntries(tasks),
          concurrency: options.concurrency ?? CONCURRENCY,
          pollInterval: options.pollMs ?? POLL_MS,
          gracefulShutdownAbortTimeout: graceMs,
          noHandleSignals: true,
          crontab: '',
          logger: silent,
          events,
        })
        // Told to stop while this one was being made: nobody else does it.
        if (isStopping() && workers) await stopWithin(runner, workers, graceMs)
        await runner.promise
      } catch (error) {
        options.onTrouble(error)
      }
      runner = undefined
      await sleep(RESTART_MS, undefined, { signal: stopping.signal }).catch(() => undefined)
    }
  }

  const living = live()
  return async () => {
    stopping.abort()
    // At once: meanwhile the worker would begin jobs.
    const ended = Promise.all([stopTending(), living])
    if (runner && workers) await stopWithin(runner, workers, graceMs)
    else await within(graceMs, ended)
    stopped.abort()
    await within(graceMs, ended)
    await heartbeat.stop()
  }
}

/** A job that does not end in time is given back as one that failed this once. */
async function stopWithin(runner: Runner, workers: WorkerPool, graceMs: number): Promise<void> {
  const orderly = runner.stop().catch(() => undefined)
  if (!(await within(graceMs, orderly)))
    await within(
      graceMs,
      Promise.resolve(workers.forcefulShutdown('stopping')).catch(() => undefined),
    )
}

function taskOf(
  { task, run: work, recurs = false }: Work,
  { onFailure, onDone }: Options,
  heartbeat: Heartbeat,
  stopping: AbortSignal,
): LibraryTask {
  return async (payload, { job, abortSignal }) => {
    const attempt = job.attempts
    const timeUp = AbortSignal.timeout(task.timeoutSeconds * 1000)
    const signal = AbortSignal.any([timeUp, abortSignal])
    heartbeat.begun(job.id)
    try {
      await inSpan(spanOf(task.name, job), () =>
        withinTime(work(payload, { jobId: job.id, attempt, stopping, signal }), timeUp),
      )
      onDone?.(task.name)
    } catch (error) {
      onFailure({ task: task.name, jobId: job.id, attempt, isLast: !recurs && isLast(job), error })
      throw error
    } finally {
      heartbeat.ended(job.id)
    }
  }
}

/** Below the span of whatever asked for the job. */
function spanOf(name: string, { id, attempts, flags }: Job): Parameters<typeof inSpan>[0] {
  const attributes = { 'cardea.job.task': name, 'cardea.job.id': id, 'cardea.job.attempt': attempts }
  return { name: `job ${name}`, kind: 'consumer', attributes, parent: traceparentIn(flags) }
}

function isLast({ attempts, max_attempts: most }: Job): boolean {
  return attempts >= most
}

async function withinTime(work: Promise<void>, timeUp: AbortSignal): Promise<void> {
  await Promise.race([
    work,
    new Promise<never>((_resolve, reject) => {
      timeUp.addEventListener('abort', () => reject(new Error('the job took too long')), { once: true })
    }),
  ])
}
