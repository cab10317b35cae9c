import { Worker } from 'node:worker_threads'
import { HasherBusy } from './hash-queue.ts'

/** The thread did not answer in time, or died: what was asked is not known. */
export class ThreadTrouble extends Error {
  override readonly name = 'ThreadTrouble'
  readonly statusCode = 503
  readonly retryAfter = 2
}

export type Thread<Question extends object, Answer> = {
  /** Throws HasherBusy when too many wait, ThreadTrouble when there is no answer in time. */
  ask(question: Question): Promise<Answer>
}

type Options = {
  /** The module that the thread runs: it says `{ ready: true }` once it has loaded, and answers each `{ id, … }` with `{ id, answer }`. */
  file: URL
  /** For one answer, once the thread is ready and its turn has come. */
  timeoutMs: number
  /** For the thread to load. */
  loadMs?: number
  /** Questions that may be under way or wait. */
  most: number
  /** Unasked for this long the thread ends, and its memory is free again. */
  idleMs: number
}

type Waiting = { question: object; resolve: (answer: never) => void; reject: (error: Error) => void }

/**
 * A thread for work that would keep the event loop from answering. Started by the first question, one question at a time, ended when
 * idle or stuck; the next question starts another. It keeps no process alive that wants to end.
 */
export function createThread<Question extends object, Answer>(options: Options): Thread<Question, Answer> {
  const { file, timeoutMs, loadMs = 30_000, most, idleMs } = options
  const waiting: Waiting[] = []
  let current: { id: number; asked: Waiting; timer: NodeJS.Timeout | undefined } | undefined
  let worker: Worker | undefined
  let isReady = false
  let idle: NodeJS.Timeout | undefined
  let lastId = 0

  function start(): Worker {
    const started = new Worker(file, { resourceLimits: { maxOldGenerationSizeMb: 256 }, execArgv: [] })
    started.on('message', ({ ready, id, answer }: { ready?: true; id?: number; answer?: Answer }) => {
      if (worker !== started) return
      if (ready) {
        isReady = true
        if (current) wait(current)
      } else if (current?.id === id) settle(({ resolve }) => resolve(answer as never))
    })
    started.on('error', (error) => fail(started, String(error)))
    started.on('exit', () => fail(started, 'ended'))
    return started
  }

  function fail(which: Worker, why: string): void {
    if (worker !== which) return
    worker = undefined
    isReady = false
    settle(({ reject }) => reject(new ThreadTrouble(why)))
  }

  function end(): void {
    const ended = worker
    worker = undefined
    isReady = false
    void ended?.terminate()
  }

  function settle(how: (asked: Waiting) => void): void {
    if (!current) return
    const { asked, timer } = current
    clearTimeout(timer)
    current = undefined
    how(asked)
    next()
  }

  function wait(question: { timer: NodeJS.Timeout | undefined }): void {
    clearTimeout(question.timer)
    const late = () => {
      end()
      settle(({ reject }) => reject(new ThreadTrouble('took too long')))
    }
    question.timer = setTimeout(late, isReady ? timeoutMs : loadMs)
  }

  function next(): void {
    if (current) return
    const asked = waiting.shift()
    if (!asked) {
      worker?.unref()
      idle = setTimeout(end, idleMs).unref()
      return
    }
    clearTimeout(idle)
    worker ??= start()
    worker.ref()
    const id = (lastId += 1)
    current = { id, asked, timer: undefined }
    wait(current)
    worker.postMessage({ id, ...asked.question })
  }

  return {
    ask(question) {
      if (waiting.length + (current ? 1 : 0) >= most) return Promise.reject(new HasherBusy())
      return new Promise<Answer>((resolve, reject) => {
        waiting.push({ question, resolve: resolve, reject })
        next()
      })
    },
  }
}
