import { execFileSync, spawn } from 'node:child_process'
import { chownSync, mkdtempSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { locate } from '../../examples/ha/packages.ts'
import { fill } from '../../examples/ha/template.ts'
import { freePorts } from './server.ts'

export const pgbouncer = locate('pgbouncer')

/** A real PgBouncer before the database at `url`, with the settings of examples/ha, or without the limits among them. It refuses to run as root. */
export async function startPgBouncer(
  url: string,
  { limits = true } = {},
): Promise<{ url: string; stop(): Promise<void> }> {
  const { hostname, port, username, password, pathname } = new URL(url)
  const dir = mkdtempSync(path.join(tmpdir(), 'cardea-pgbouncer-'))
  const [own = 0] = await freePorts(1)
  const ini = fill('pgbouncer.ini', {
    ...{ PRIMARY_PORT: port, PGBOUNCER_PORT: own, DIR: dir, DATABASE: pathname.slice(1) },
  })
    .replace('host=127.0.0.1', `host=${hostname}`)
    .replace(limits ? '' : / connect_query='[^']*'/, '')
  writeFileSync(path.join(dir, 'pgbouncer.ini'), ini)
  writeFileSync(path.join(dir, 'pgbouncer-users.txt'), `"${username}" "${decodeURIComponent(password)}"\n`)
  const user = unprivileged()
  if (user) chownSync(dir, user.uid, user.gid)
  const child = spawn(pgbouncer ?? 'pgbouncer', ['-q', path.join(dir, 'pgbouncer.ini')], {
    ...{ stdio: 'ignore', cwd: '/', env: {} },
    ...user,
  })
  const exited = new Promise((resolve) => child.once('exit', resolve))
  const lent = `postgresql://${username}:${password}@127.0.0.1:${own}/cardea`
  const stop = async () => {
    child.kill('SIGKILL')
    await exited
    await rm(dir, { recursive: true, force: true })
  }
  for (let tries = 1; !(await answers(lent)); tries += 1) {
    if (tries === 100 || child.exitCode !== null) {
      await stop()
      throw new Error(`PgBouncer did not start (${child.exitCode})`)
    }
    await sleep(50)
  }
  return { url: lent, stop }
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2000 })
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.query('SELECT 1')
    return true
  } catch {
    return false
  } finally {
    await client.end().catch(() => undefined)
  }
}

function unprivileged(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  const id = (flag: string) => Number(execFileSync('id', [flag, 'nobody']))
  return { uid: id('-u'), gid: id('-g') }
}
