import { randomBytes } from 'node:crypto'
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Refusal } from '../refusal.ts'
import type { Terminal } from '../terminal.ts'
import { credentialsFile, makeFolder } from './credentials.ts'

/** Longer than anything that is done under the lock: its requests give up before. */
const STALE_MS = 30_000
const WAIT_MS = 40_000

/**
 * Does `work` while no other command of this user does: a refresh token is good once, and two commands that spend the same one
 * look like a theft. A lock whose holder was killed is taken over when it is old.
 */
export async function withLock<T>(terminal: Pick<Terminal, 'env'>, work: () => Promise<T>): Promise<T> {
  makeFolder(terminal)
  const path = `${credentialsFile(terminal)}.lock`
  const mark = `${process.pid}.${randomBytes(8).toString('hex')}`
  await acquire(path, mark)
  try {
    return await work()
  } finally {
    if (holderOf(path) === mark) rmSync(path, { force: true })
  }
}

async function acquire(path: string, mark: string): Promise<void> {
  const deadline = Date.now() + WAIT_MS
  for (;;) {
    try {
      writeFileSync(path, mark, { flag: 'wx', mode: 0o600 })
      return
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST')
        throw new Refusal('configuration', `${path} cannot be written: ${(error as Error).message}`)
    }
    removeStale(path)
    if (Date.now() > deadline)
      throw new Refusal('unavailable', `Another command holds ${path}. Remove it if there is none.`)
    await sleep(20 + Math.random() * 30)
  }
}

function removeStale(path: string): void {
  const holder = holderOf(path)
  const age = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now())
  if (age > STALE_MS && holderOf(path) === holder) rmSync(path, { force: true })
}

function holderOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
