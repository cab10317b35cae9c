import { randomUUID } from 'node:crypto'
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { EmbeddedPostgresError } from './errors.ts'

/**
 * Claims a folder for this process, so that two live Cardeas never share one embedded server (the first to stop would
 * stop it under the other). A claim whose process is gone is taken over.
 * Returns the function that gives the claim up. Throws `held_by_another` while its holder lives.
 */
export function claim(folder: string): () => void {
  const file = path.join(folder, 'owner')
  const mine = `${process.pid}\n${startOf(process.pid) ?? ''}\n${randomUUID()}\n`
  for (let attempt = 0; attempt < 20; attempt++) {
    if (place(file, mine)) return () => release(file, mine)
    const theirs = read(file)
    if (theirs === null) continue
    if (isAlive(theirs)) throw heldBy(theirs, folder)
    evict(file, theirs)
  }
  throw new EmbeddedPostgresError(
    'held_by_another',
    `Several processes are starting on ${folder} at once. Start one.`,
  )
}

/** Writes the claim if there is none. A hard link appears with its content or not at all. */
function place(file: string, content: string): boolean {
  const draft = `${file}.${randomUUID()}`
  writeFileSync(draft, content)
  try {
    linkSync(draft, file)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  } finally {
    rmSync(draft, { force: true })
  }
}

/** Removes a dead claim, but puts back one that a faster process placed since we read it. */
function evict(file: string, dead: string): void {
  const aside = `${file}.${randomUUID()}`
  try {
    renameSync(file, aside)
  } catch {
    return // Another process evicted it first.
  }
  const found = read(aside)
  if (found !== null && found !== dead) place(file, found)
  rmSync(aside, { force: true })
}

function release(file: string, mine: string): void {
  if (read(file) === mine) rmSync(file, { force: true })
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}

function isAlive(content: string): boolean {
  const [pid, start] = content.split('\n')
  if (!isRunning(Number(pid))) return false
  // After a restarted container the same number belongs to another process.
  return !start || startOf(Number(pid)) === start
}

/** Whether a process with this id exists, whoever it belongs to. */
export function isRunning(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** When a process started, in ticks since boot; null where /proc does not tell. */
function startOf(pid: number): string | null {
  const stat = read(`/proc/${pid}/stat`)
  // Field 22. The second field, the name in parentheses, may itself contain spaces.
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null
}

function heldBy(content: string, folder: string): EmbeddedPostgresError {
  const pid = content.split('\n')[0]
  const other = Number(pid) === process.pid ? 'This process' : `Another Cardea (process ${pid})`
  return new EmbeddedPostgresError(
    'held_by_another',
    `${other} already uses the embedded PostgreSQL in ${folder}. ` +
      'Stop it, choose another data folder, or give both the same DATABASE_URL to run side by side.',
  )
}
