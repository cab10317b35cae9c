import { accessSync, constants, readdirSync } from 'node:fs'
import path from 'node:path'

const PACKAGES = {
  haproxy: 'haproxy',
  pgbouncer: 'pgbouncer',
  patroni: 'patroni',
  etcd: 'etcd-server',
} as const

export type Programs = Record<keyof typeof PACKAGES, string> & {
  /** The folder of `postgres`, `initdb`, `psql` … */
  postgresBin: string
}

export type Found = { ok: true; programs: Programs } | { ok: false; missing: string[]; remedy: string }

const FOLDERS = ['/usr/sbin', '/usr/bin', '/usr/local/sbin', '/usr/local/bin']
const DEBIAN_POSTGRES = '/usr/lib/postgresql'

/** Where the programs are, or what to install. */
export function findPrograms(): Found {
  const names = Object.keys(PACKAGES) as (keyof typeof PACKAGES)[]
  const found = names.map((name) => [name, locate(name)] as const)
  const postgresBin = newestPostgres()
  const missing: string[] = found.flatMap(([name, file]) => (file === null ? [PACKAGES[name]] : []))
  if (postgresBin === null) missing.push('postgresql-15')
  if (missing.length === 0 && postgresBin !== null)
    return {
      ok: true,
      programs: { ...(Object.fromEntries(found) as Omit<Programs, 'postgresBin'>), postgresBin },
    }
  const remedy = `apt-get install --no-install-recommends ${missing.join(' ')}`
  return { ok: false, missing, remedy }
}

/** The path of a program where Debian puts it, or null. */
export function locate(name: string): string | null {
  return FOLDERS.map((folder) => path.join(folder, name)).find(isExecutable) ?? null
}

function newestPostgres(): string | null {
  try {
    const majors = readdirSync(DEBIAN_POSTGRES).toSorted((one, other) => Number(other) - Number(one))
    const bins = majors.map((major) => path.join(DEBIAN_POSTGRES, major, 'bin'))
    return bins.find((bin) => isExecutable(path.join(bin, 'postgres'))) ?? null
  } catch {
    return null
  }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
