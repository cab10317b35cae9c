import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** A program that is started again whenever it ends unasked, as a machine's init does. */
export type Program = {
  name: string
  pid(): number | undefined
  /** Sends the signal. What ends by it is started again, `downMs` milliseconds later. */
  signal(signal: NodeJS.Signals, downMs?: number): void
  /** Asks it to end, and ends it when it does not within 20 seconds; it is not started again. */
  stop(): Promise<void>
}

export type Launch = {
  name: string
  file: string
  args: readonly string[]
  /** Its whole environment. */
  env: Readonly<Record<string, string>>
  /** Its log goes here, as `<name>.log`. */
  dir: string
  /** Whom it runs as; left out, as us. */
  user?: User | undefined
}

export type User = { uid: number; gid: number }

const RESTART_MS = 500
const STOP_MS = 20_000

/** Starts a program and keeps it running until it is stopped. */
export function startProgram({ name, file, args, env, dir, user }: Launch): Program {
  let child: ChildProcess
  let ended: Promise<void>
  let [stopping, downMs] = [false, RESTART_MS]

  function launch(): void {
    const log = openSync(path.join(dir, `${name}.log`), 'a')
    child = spawn(file, args, { cwd: '/', env, stdio: ['ignore', log, log], ...user })
    closeSync(log)
    ended = new Promise((resolve) => {
      child.once('error', () => resolve())
      child.once('exit', () => resolve())
    })
    void ended.then(again)
  }

  async function again(): Promise<void> {
    if (stopping) return
    await sleep(downMs)
    downMs = RESTART_MS
    // It may have been told to stop meanwhile.
    if (!isStopping()) launch()
  }

  const isStopping = () => stopping
  // Whatever happens to us, it does not stay. Patroni needs SIGTERM to take its PostgreSQL along.
  const onExit = () => void child.kill('SIGTERM')
  process.once('exit', onExit)
  launch()
  return {
    name,
    pid: () => child.pid,
    signal(signal, pauseMs = RESTART_MS) {
      downMs = pauseMs
      child.kill(signal)
    },
    async stop() {
      stopping = true
      process.off('exit', onExit)
      child.kill('SIGTERM')
      const waiting = new AbortController()
      const late = sleep(STOP_MS, 'late', { signal: waiting.signal }).catch(() => undefined)
      if ((await Promise.race([ended, late])) === 'late') child.kill('SIGKILL')
      waiting.abort()
      await ended
    },
  }
}
