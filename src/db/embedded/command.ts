import { execFile, execFileSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { EmbeddedPostgresError } from './errors.ts'

/** The operating system's user that the server runs as; empty: the one that runs us. */
export type ServerUser = { uid?: number; gid?: number; name?: string }

/** How a command ended: what it printed, or what it complained about. */
export type Outcome = { ok: true; output: string } | { ok: false; complaint: string }

/**
 * PostgreSQL refuses to run as root, so root lends the work to whoever owns the `data`, if there is any, else to
 * `postgres` or `nobody`. No user is created.
 */
export function serverUser(data: string): ServerUser {
  if (process.platform === 'win32' || process.getuid?.() !== 0) return {}
  const owner = statSync(data, { throwIfNoEntry: false })
  if (owner && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid, name: `number ${owner.uid}` }
  for (const name of ['postgres', 'nobody']) {
    try {
      const id = (flag: string) =>
        Number(execFileSync('id', [flag, name], { stdio: ['ignore', 'pipe', 'ignore'] }))
      return { uid: id('-u'), gid: id('-g'), name }
    } catch {
      // No such user: the next name.
    }
  }
  throw new EmbeddedPostgresError(
    'failed',
    'PostgreSQL does not run as root, and there is neither a user "postgres" nor "nobody" to run it as. ' +
      'Start Cardea as another user, or set DATABASE_URL to a PostgreSQL server.',
  )
}

// The server must not inherit our environment: it holds secrets, and the server runs as another user.
// Windows needs SystemRoot and the like, and has no such user.
const environment = process.platform === 'win32' ? {} : { env: { LC_ALL: 'C', PATH: '/usr/bin:/bin' } }

/** Runs a program to its end as `user`, from `/` so that a closed working directory does no harm. */
export function run(user: ServerUser, file: string, args: string[]): Promise<Outcome> {
  const { uid, gid } = user
  const ids = uid === undefined || gid === undefined ? {} : { uid, gid }
  return new Promise((resolve) => {
    // A program that cannot even be started may throw here instead of calling back.
    const fail = (error: Error, said = '') => resolve({ ok: false, complaint: said.trim() || error.message })
    try {
      execFile(
        file,
        args,
        { ...ids, ...environment, cwd: '/', windowsHide: true },
        (error, stdout, stderr) => {
          if (error) fail(error, stderr)
          else resolve({ ok: true, output: stdout.trim() })
        },
      )
    } catch (error) {
      fail(error instanceof Error ? error : new Error(String(error)))
    }
  })
}
