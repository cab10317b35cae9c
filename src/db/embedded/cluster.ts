import { existsSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import type { ServerUser } from './command.ts'
import { EmbeddedPostgresError, faultOf } from './errors.ts'
import { isRunning } from './owner-lock.ts'

/** A PostgreSQL data folder and the files of ours beside it. */
export type Cluster = { home: string; data: string; log: string; user: ServerUser }

/** A server process as its pid file describes it. `ready` is what the server itself says. */
export type ServerProcess = { pid: number; port: number; ready: boolean }

/** The major version that wrote the data; null when there is none yet. */
export function dataMajor({ data }: Cluster): number | null {
  const file = path.join(data, 'PG_VERSION')
  return existsSync(file) ? Number.parseInt(readFileSync(file, 'utf8'), 10) : null
}

/** The superuser's password, which initialise() made. */
export function passwordOf({ home }: Cluster): string {
  try {
    return readFileSync(path.join(home, 'password'), 'utf8').trim()
  } catch (error) {
    throw faultOf('read its password', home, error)
  }
}

/** The server that has the data open, or null. The pid file of a server that is no more is removed. */
export function serverOf(cluster: Cluster): ServerProcess | null {
  const found = peekAtServer(cluster)
  if (found !== 'gone') return found
  // PostgreSQL refuses to start while the number is in use, and after a restarted container it often is, by another.
  rmSync(pidFile(cluster), { force: true })
  return null
}

/** The same for those who do not own the folder: changes nothing, and says `gone` of a pid file without its server. */
export function peekAtServer(cluster: Cluster): ServerProcess | 'gone' | null {
  let lines: string[]
  try {
    lines = readFileSync(pidFile(cluster), 'utf8').split('\n')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw faultOf('read its state', cluster.data, error)
  }
  const pid = Number(lines[0])
  if (!isRunning(pid) || isSomethingElse(pid)) return 'gone'
  return { pid, port: Number(lines[3]), ready: lines[7]?.trim() === 'ready' }
}

function pidFile({ data }: Cluster): string {
  return path.join(data, 'postmaster.pid')
}

/** Whether the process is certainly no live PostgreSQL; where /proc does not tell, it may be one. */
function isSomethingElse(pid: number): boolean {
  try {
    const [, name, state] = /\((.*)\) (.)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? []
    // A dead process that its parent has not reaped yet is in state Z.
    return !name?.startsWith('postgres') || state === 'Z'
  } catch {
    return false
  }
}

/** Throws when the data has been written by a server we have no password for. */
export function requirePassword(cluster: Cluster): void {
  if (existsSync(path.join(cluster.home, 'password'))) return
  throw new EmbeddedPostgresError(
    'failed',
    `${cluster.home} holds data but no password file, so nobody can sign in to it. Put the file back, or move the ` +
      'folder away to start empty.',
  )
}
