import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import type { Programs } from './packages.ts'
import { secret } from './places.ts'
import type { Ports } from './places.ts'
import { startProgram } from './program.ts'
import type { Program, User } from './program.ts'
import { fill } from './template.ts'
import { answers, until } from './wait.ts'

/** Two PostgreSQL servers, one of them the primary, and what decides which. */
export type PostgresPair = {
  password: string
  nodes: readonly Node[]
  /** The node that is the primary now; null while there is none. */
  primary(): Promise<Node | null>
  /** Whether one is the primary and the other has everything it has acknowledged. */
  isSafe(): Promise<boolean>
  /** Makes the role and the database, on whoever is the primary. */
  create(database: { name: string; password: string }): Promise<void>
}

export type Node = {
  name: string
  patroni: Program
  /** Ends PostgreSQL without warning. */
  killPostgres(): void
}

export type Site = { programs: Programs; ports: Ports; dir: string; user: User | undefined }

const PATH = '/usr/sbin:/usr/bin:/sbin:/bin'

/** Starts etcd, then both servers; resolves when the standby follows synchronously. `keep` is told each program. */
export async function startPostgresPair(site: Site, keep: (program: Program) => void): Promise<PostgresPair> {
  const { programs, ports, dir, user } = site
  const env = { PATH, LC_ALL: 'C.UTF-8', HOME: dir }
  const password = secret()
  const replicationPassword = secret()

  const [clients, peers] = [`http://127.0.0.1:${ports.etcd}`, `http://127.0.0.1:${ports.etcdPeers}`]
  const etcdArgs = {
    ...{ name: 'etcd', 'data-dir': path.join(dir, 'etcd'), 'initial-cluster': `etcd=${peers}` },
    ...{ 'listen-client-urls': clients, 'advertise-client-urls': clients },
    ...{ 'listen-peer-urls': peers, 'initial-advertise-peer-urls': peers },
  }
  const args = Object.entries(etcdArgs).flatMap(([name, value]) => [`--${name}`, value])
  keep(startProgram({ name: 'etcd', file: programs.etcd, args, env, dir, user }))
  await until('etcd is healthy', () => answers(`${clients}/health`))

  const rest = (nth: 1 | 2) => `http://127.0.0.1:${ports[`rest${nth}`]}`
  function startNode(nth: 1 | 2): Node {
    const name = `pg${nth}`
    const file = path.join(dir, `${name}.yml`)
    const config = fill('patroni.yml', {
      ...{ NAME: name, DIR: dir, POSTGRES_BIN: programs.postgresBin },
      ...{ PORT: ports[`postgres${nth}`], REST_PORT: ports[`rest${nth}`], ETCD_PORT: ports.etcd },
      ...{ POSTGRES_PASSWORD: password, REPLICATION_PASSWORD: replicationPassword },
    })
    // Written for its reader; the folder is closed to everybody else.
    writeFileSync(file, config, { mode: 0o644 })
    const patroni = startProgram({ name, file: programs.patroni, args: [file], env, dir, user })
    keep(patroni)
    return {
      name,
      patroni,
      killPostgres() {
        const [pid] = readFileSync(path.join(dir, name, 'postmaster.pid'), 'utf8').split('\n')
        process.kill(Number(pid), 'SIGKILL')
      },
    }
  }
  const first = startNode(1)
  await until('the primary is there', () => answers(`${rest(1)}/primary`))
  const second = startNode(2)
  const nodes = [first, second]
  const is = (nth: 1 | 2, what: 'primary' | 'sync') => answers(`${rest(nth)}/${what}`).catch(() => false)
  const pair: PostgresPair = {
    password,
    nodes,
    async primary() {
      if (await is(1, 'primary')) return first
      return (await is(2, 'primary')) ? second : null
    },
    isSafe: async () =>
      ((await is(1, 'primary')) && (await is(2, 'sync'))) ||
      ((await is(2, 'primary')) && (await is(1, 'sync'))),
    async create({ name, password: own }) {
      const url = `postgresql://postgres:${password}@127.0.0.1:${ports.primary}/postgres`
      const role = `CREATE ROLE ${name} LOGIN PASSWORD '${own}'`
      const statements = [role, `CREATE DATABASE ${name} OWNER ${name}`].flatMap((sql) => ['-c', sql])
      await promisify(execFile)(path.join(programs.postgresBin, 'psql'), ['-qX', url, ...statements], { env })
    },
  }
  await until('the standby follows', () => pair.isSafe())
  return pair
}
